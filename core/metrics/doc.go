// Package metrics measures distances between the representations that two networks
// have of the same samples. A metric is a struct of its options, such as Linear,
// with methods for one pair; its Cohort, such as LinearCohort, prepares each
// network of a list once and measures their pairs for package multiset. CKA, which
// has nothing to fit, measures all pairs at once.
package metrics

package linalg

import "math"

// maxPoles is more than rational takes for the spectra that Tridiagonal leaves to
// it, whose ends are less than 1e14 apart.
const maxPoles = 72

// rational approximates
//
//	x^(-1/2) ~ sum_k weight_k / (x + node_k)
//
// on an interval: the midpoint rule for the third of the contour integrals of Hale,
// Higham & Trefethen, SIAM J. Numer. Anal. 46 (2008) 2505-2523,
// doi:10.1137/070700607. The nodes ascend.
type rational struct {
	count        int
	node, weight [maxPoles]float64
}

// fit chooses the poles that leave a relative error of 1e-15 for lower <= x <= upper,
// upper being at least 2 lower. It returns false if they are too many.
func (r *rational) fit(lower, upper float64) bool {
	kc := math.Sqrt(lower / upper) // the complementary modulus
	period := ellipticK(kc)
	count := math.Ceil(36 * period / (math.Pi * math.Pi))
	if !(count <= maxPoles) {
		return false
	}
	r.count = int(count)
	factor := 2 * period * math.Sqrt(lower) / (math.Pi * count)
	landen := newLanden(kc)
	// Nodes mirror each other at half of the period. There, the functions of
	// u are those of K - u, which keep their digits.
	for k := range (r.count + 1) / 2 {
		sn, cn, dn := landen.jacobi((float64(k) + 0.5) * period / count)
		mirrored := r.count - 1 - k
		r.node[mirrored] = upper * (cn / sn) * (cn / sn)
		r.weight[mirrored] = factor * dn / (kc * sn * sn)
		r.node[k] = lower * (sn / cn) * (sn / cn)
		r.weight[k] = factor * dn / (cn * cn)
	}
	return true
}

// ellipticK is the complete elliptic integral of the first kind, of the modulus
// sqrt(1 - kc^2), by the arithmetic-geometric mean.
func ellipticK(kc float64) float64 {
	a, b := 1.0, kc
	for a-b > 1e-8*a { // the next mean is exact
		a, b = (a+b)/2, math.Sqrt(a*b)
	}
	return math.Pi / (a + b)
}

// landen holds the complementary moduli of ascending Landen transformations, until
// the modulus is 1.
type landen struct {
	count int
	root  [8]float64
}

func newLanden(kc float64) (l landen) {
	for kc > 1e-16 && l.count < len(l.root) {
		ratio := kc / (1 + math.Sqrt((1-kc)*(1+kc)))
		kc = ratio * ratio
		l.root[l.count] = kc
		l.count++
	}
	return l
}

// jacobi returns Jacobi's elliptic functions of u, from 0 to half of K. At modulus 1
// they are hyperbolic functions, which keep their digits where cn and dn are small.
func (l *landen) jacobi(u float64) (sn, cn, dn float64) {
	for _, root := range l.root[:l.count] {
		u /= 1 + root
	}
	e := math.Exp(-u)
	sn, cn = (1-e*e)/(1+e*e), 2*e/(1+e*e)
	dn = cn
	for i := l.count - 1; i >= 0; i-- {
		root := l.root[i]
		square := dn * dn
		sn = (1 + root) * sn * cn / dn
		cn, dn = (square-root)/((1-root)*dn), (square+root)/((1+root)*dn)
	}
	return sn, cn, dn
}

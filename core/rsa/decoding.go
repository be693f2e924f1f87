package rsa

import (
	"gonum.org/v1/gonum/blas"
	"gonum.org/v1/gonum/floats"
	"gonum.org/v1/gonum/mat"

	"netrep_go/core"
	"netrep_go/core/internal/cmem"
	"netrep_go/core/linalg"
)

// decoder classifies the observations of each fold by what is learnt from the others.
type decoder struct {
	*builder
	x *mat.Dense
	// right counts the observations of the condition of a row that are told from that
	// of a column.
	right []float64
	// test are the observations of the fold that is left out, and train those of
	// the others, sorted by condition: those of c are train[start[c]:start[c+1]].
	test, train []int
	start       []int
}

// classifier learns from what is in train, and counts which of test are right.
type classifier interface{ run() error }

// decode stores the accuracies of all pairs of conditions in dst.
func (b *builder) decode(dst []float64, x *mat.Dense) error {
	if b.missing {
		return core.Invalidf("responses that are missing cannot be classified")
	}
	var arena cmem.Arena
	defer arena.Free()
	m, _ := x.Dims()
	d := &decoder{builder: b, x: x, right: arena.Float64s(b.n, b.n),
		test: cmem.Slice[int](&arena, m), train: cmem.Slice[int](&arena, m),
		start: cmem.Slice[int](&arena, b.n+1)}
	c, err := b.measure.classify(d, &arena)
	if err != nil {
		return err
	}
	if err := arena.Err(); err != nil {
		return err
	}
	for f := range b.design.Folds {
		d.split(f)
		if len(d.test) == 0 {
			continue
		}
		if err := c.run(); err != nil {
			return err
		}
	}
	d.share(dst)
	return nil
}

// split leaves out fold f.
func (d *decoder) split(f int) {
	d.test, d.train = d.test[:0], d.train[:0]
	for c := range d.n {
		d.start[c] = len(d.train)
		for o, fold := range d.design.Fold {
			switch {
			case d.condition(o) != c:
			case int(fold) == f:
				d.test = append(d.test, o) // heap: has room for all
			default:
				d.train = append(d.train, o) // heap: likewise
			}
		}
	}
	d.start[d.n] = len(d.train)
}

// of returns the observations of condition c to learn from.
func (d *decoder) of(c int) []int { return d.train[d.start[c]:d.start[c+1]] }

// tell counts whether observation o is told from condition c, given by how much it is
// nearer to the later one of its own condition and c: a tie goes to the first.
func (d *decoder) tell(o, c int, nearer float64) {
	own := d.condition(o)
	if (own > c) == (nearer > 0) {
		d.right[own*d.n+c]++
	}
}

// share stores the means of the shares of both conditions.
func (d *decoder) share(dst []float64) {
	n := d.n
	total := d.lengths[:n]
	clear(total)
	for k, count := range d.count {
		total[k%n] += count
	}
	for i, k := 0, 0; i < n; i++ {
		for j := i + 1; j < n; j, k = j+1, k+1 {
			dst[k] = (d.right[i*n+j]/total[i] + d.right[j*n+i]/total[j]) / 2
		}
	}
}

// nearest is the classifier that takes the nearest mean.
type nearest struct {
	*decoder
	means, tested, products []float64
	halves                  []float64 // of the squared lengths of means
}

func centroids(d *decoder, arena *cmem.Arena) (classifier, error) {
	m, p := d.x.Dims()
	return &nearest{decoder: d, means: arena.Float64s(d.n, p), tested: arena.Float64s(m, p),
		products: arena.Float64s(m, d.n), halves: arena.Float64s(d.n)}, nil
}

func (c *nearest) run() error {
	_, p := c.x.Dims()
	origin := c.x.RawRowView(c.train[0]) // what all have in common costs no digits
	for k := range c.n {
		mean := c.means[k*p : (k+1)*p]
		c.average(mean, origin, c.of(k))
		c.halves[k] = floats.Dot(mean, mean) / 2
	}
	tested := c.tested[:len(c.test)*p]
	for t, o := range c.test {
		floats.SubTo(tested[t*p:(t+1)*p], c.x.RawRowView(o), origin)
	}
	products := c.products[:len(c.test)*c.n]
	linalg.Gemm(blas.NoTrans, blas.Trans, len(c.test), c.n, p, 1, tested, p, c.means, p,
		0, products, c.n)
	for t, o := range c.test {
		row, own := products[t*c.n:(t+1)*c.n], c.condition(o)
		floats.Sub(row, c.halves)
		for k, v := range row {
			switch {
			case k > own:
				c.tell(o, k, v-row[own])
			case k < own:
				c.tell(o, k, row[own]-v)
			}
		}
	}
	return nil
}

// average stores the mean of observations less an origin.
func (c *nearest) average(dst, origin []float64, list []int) {
	clear(dst)
	for _, o := range list {
		for j, v := range c.x.RawRowView(o) {
			dst[j] += v - origin[j]
		}
	}
	floats.Scale(1/float64(len(list)), dst)
}

package optimize

// walk moves from the weights mu, with 0 for the column that has just entered,
// to the best weights of the active columns, which lose those that reach 0.
func (s *NNLS) walk() {
	x := append(append(s.previous[:0], s.mu...), 0) // heap: reserved
	for {
		s.weigh()
		step, first := 1.0, -1
		for i, v := range s.mu {
			if v <= 0 && x[i] <= step*(x[i]-v) {
				step, first = x[i]/(x[i]-v), i
			}
		}
		if first < 0 {
			return
		}
		for i, v := range s.mu {
			x[i] = max(0, x[i]+step*(v-x[i]))
		}
		x[first] = 0
		x = s.drop(x)
	}
}

// push lets column j enter behind the active ones and returns true, unless it
// is almost linearly dependent on them or its weight would not be positive.
func (s *NNLS) push(j int32) bool {
	k := len(s.active)
	if !s.row(k, j) {
		return false
	}
	s.factor.solve(k, s.c[j], s.sign(j))
	if s.factor.z[k] <= s.lambda*s.factor.u[k] {
		return false
	}
	s.active = append(s.active, j) // heap: reserved
	return true
}

// row stores the row of the factor for column j as the active column k, and
// returns false if the column depends on the active ones before it, as all do once
// these are as many as the rank.
func (s *NNLS) row(k int, j int32) bool {
	if k == s.rank {
		return false
	}
	row := s.factor.row(k)
	s.columns.Products(row[:k], j, s.active[:k])
	if s.signs != nil {
		g := s.shift * s.signs[j]
		for i, a := range s.active[:k] {
			row[i] += g * s.signs[a]
		}
	}
	return s.factor.complete(k, s.columns.Squared(int(j))+s.shift)
}

// sign returns y_j, or 0 without one.
func (s *NNLS) sign(j int32) float64 {
	if s.signs == nil {
		return 0
	}
	return s.signs[j]
}

// drop makes the active columns leave whose x is not positive, and returns the
// rest of x.
func (s *NNLS) drop(x []float64) []float64 {
	k, first, gone := len(s.active), -1, 0
	for i, v := range x {
		if v <= 0 {
			gone++
			if first < 0 {
				first = i
			}
		}
	}
	if gone == 0 {
		return x
	}
	if 4*gone*(k-first)*(k-first) < k*k*k-first*first*first {
		for i := k - 1; i >= first; i-- {
			if x[i] <= 0 {
				s.factor.remove(i, k)
				k--
			}
		}
		first = k
	}
	left := 0
	for i, v := range x {
		if v > 0 {
			x[left], s.active[left] = v, s.active[i]
			left++
		}
	}
	s.active = s.active[:left]
	s.refactor(first)
	return x[:left]
}

// refactor computes the factor anew from row first on.
func (s *NNLS) refactor(first int) {
	rest := s.active[first:]
	s.active = s.active[:first]
	for _, j := range rest {
		if k := len(s.active); s.row(k, j) {
			s.factor.solve(k, s.c[j], s.sign(j))
			s.active = append(s.active, j) // heap: reserved
		}
	}
}

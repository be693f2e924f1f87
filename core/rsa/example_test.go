package rsa_test

import (
	"context"
	"fmt"
	"log"
	"math"

	"gonum.org/v1/gonum/mat"

	"netrep_go/core/rsa"
)

// responses are those to 4 conditions of 5 features.
func responses() *mat.Dense {
	return mat.NewDense(4, 5, []float64{
		1, 2, 3, 4, 5,
		2, 3, 1, 5, 6,
		5, 4, 3, 2, 1,
		4, 5, 1, 3, 2,
	})
}

// models are two RDMs of 4 conditions: two groups of two, and a line.
func models() *mat.Dense {
	return mat.NewDense(2, rsa.Pairs(4), []float64{
		0, 1, 1, 1, 1, 0,
		1, 2, 3, 1, 2, 1,
	})
}

// subjects are the RDMs of three subjects.
func subjects() *mat.Dense {
	return mat.NewDense(3, rsa.Pairs(4), []float64{
		0.2, 1.1, 1.6, 0.9, 1.5, 0.3,
		0.1, 1.4, 1.2, 1.3, 1.0, 0.4,
		0.5, 1.0, 1.5, 1.2, 1.3, 0.1,
	})
}

func ExampleRDMs() {
	rdm := mat.NewDense(1, rsa.Pairs(4), nil)
	err := rsa.RDMs(context.Background(), rdm, []*mat.Dense{responses()},
		rsa.Dissimilarity{Measure: rsa.Correlation}, []rsa.Design{{Conditions: 4}})
	if err != nil {
		log.Fatal(err)
	}
	fmt.Printf("%.2f\n", rdm.RawRowView(0))
	// Output: [0.24 2.00 1.60 1.76 1.00 0.40]
}

// Two runs, each with a response to each condition: products within a run, which
// share its noise, do not count.
func ExampleRDMs_folds() {
	x := mat.NewDense(6, 2, []float64{0, 0, 3, 4, 1, 0, 0, 1, 3, 5, 1, 1})
	design := rsa.Design{
		Conditions: 3, Condition: []int64{0, 1, 2, 0, 1, 2},
		Folds: 2, Fold: []int64{0, 0, 0, 1, 1, 1},
	}
	rdm := mat.NewDense(1, rsa.Pairs(3), nil)
	err := rsa.RDMs(context.Background(), rdm, []*mat.Dense{x},
		rsa.Dissimilarity{Measure: rsa.Crossnobis}, []rsa.Design{design})
	if err != nil {
		log.Fatal(err)
	}
	fmt.Println(rdm.RawRowView(0))
	// Output: [12.5 0.5 10]
}

func ExampleCompare() {
	similarities := mat.NewDense(2, 3, nil)
	c := rsa.Comparison{Similarity: rsa.Spearman}
	err := rsa.Compare(context.Background(), similarities, models(), subjects(), c)
	if err != nil {
		log.Fatal(err)
	}
	fmt.Printf("%.2f\n", mat.Formatted(similarities))
	// Output:
	// ⎡0.83  0.83  0.83⎤
	// ⎣0.93  0.43  0.77⎦
}

// What the first model leaves of the others.
func ExampleCompare_controls() {
	similarities := mat.NewDense(1, 3, nil)
	line, groups := models().Slice(1, 2, 0, 6).(*mat.Dense), models().Slice(0, 1, 0, 6).(*mat.Dense)
	c := rsa.Comparison{Similarity: rsa.Pearson, Controls: groups}
	err := rsa.Compare(context.Background(), similarities, line, subjects(), c)
	if err != nil {
		log.Fatal(err)
	}
	fmt.Printf("%.2f\n", similarities.RawRowView(0))
	// Output: [0.86 -0.19 0.46]
}

// The subjects of ExampleEvaluation_Fixed at two points, at the second of which the last
// has another RDM.
func ExampleCeilings() {
	rdms, bounds := mat.NewDense(6, rsa.Pairs(4), nil), mat.NewDense(2, 2, nil)
	rdms.Slice(0, 3, 0, 6).(*mat.Dense).Copy(subjects())
	rdms.Slice(3, 6, 0, 6).(*mat.Dense).Copy(subjects())
	rdms.SetRow(5, []float64{1.5, 1.1, 0.2, 0.5, 0.3, 1.2})
	c := rsa.Comparison{Similarity: rsa.Spearman}
	err := rsa.Ceilings(context.Background(), bounds, nil, rdms, 3, c, 1)
	if err != nil {
		log.Fatal(err)
	}
	fmt.Printf("%.2f\n", mat.Formatted(bounds))
	// Output:
	// ⎡ 0.66   0.82⎤
	// ⎣-0.34   0.36⎦
}

func ExampleSearchlightRDMs() {
	x := responses()
	rows, features := x.Dims()
	measured := rsa.Measured{
		Responses: &rsa.Responses{
			Rows: rows, Features: features, Row: features, Column: 1, Doubles: x.RawMatrix().Data,
		},
		Design:        rsa.Design{Conditions: rows},
		Dissimilarity: rsa.Dissimilarity{Measure: rsa.SquaredEuclidean},
	}
	lists := rsa.Lists{Start: []int64{0, 2, 5}, Features: []int64{0, 1, 2, 3, 4}}
	rdms, used := mat.NewDense(2, rsa.Pairs(rows), nil), make([]int64, 2)
	if err := rsa.SearchlightRDMs(context.Background(), rdms, used, measured, lists); err != nil {
		log.Fatal(err)
	}
	fmt.Println(rdms.RawRowView(0), rdms.RawRowView(1), used)
	// Output: [2 20 18 10 8 2] [6 20 14 38 20 6] [2 3]
}

func ExampleEvaluation_Fixed() {
	e := rsa.Evaluation{Models: models(), Subjects: subjects(), Ceiling: true}
	similarities, ceiling := mat.NewDense(2, 3, nil), mat.NewDense(2, 3, nil)
	if err := e.Fixed(context.Background(), similarities, ceiling, nil); err != nil {
		log.Fatal(err)
	}
	fmt.Printf("%.2f\n", mat.Formatted(similarities))
	fmt.Printf("lower bounds %.2f\n", ceiling.RawRowView(0))
	fmt.Printf("upper bounds %.2f\n", ceiling.RawRowView(1))
	// Output:
	// ⎡0.83  0.83  0.83⎤
	// ⎣0.93  0.43  0.77⎦
	// lower bounds [0.79 0.50 0.68]
	// upper bounds [0.99 0.64 0.84]
}

func ExampleEvaluation_Bootstrap() {
	e := rsa.Evaluation{Models: models(), Subjects: subjects(), Ceiling: true}
	evaluations, ceilings := mat.NewDense(4, 2, nil), mat.NewDense(4, 2, nil)
	err := e.Bootstrap(context.Background(), evaluations, ceilings, false, true, 1)
	if err != nil {
		log.Fatal(err)
	}
	fmt.Printf("%.2f\n", mat.Formatted(evaluations))
	// Output:
	// ⎡0.83  0.71⎤
	// ⎢0.83  0.82⎥
	// ⎢0.83  0.66⎥
	// ⎣0.83  0.66⎦
}

func ExampleEvaluation_Permute() {
	e := rsa.Evaluation{Models: models(), Subjects: subjects()}
	null := mat.NewDense(4, 2, nil)
	if err := e.Permute(context.Background(), null, 1); err != nil {
		log.Fatal(err)
	}
	fmt.Printf("%.2f\n", mat.Formatted(null))
	// Output:
	// ⎡-0.35  -0.09⎤
	// ⎢-0.48  -0.20⎥
	// ⎢ 0.83   0.57⎥
	// ⎣ 0.83   0.38⎦
}

func ExampleSearchlights() {
	x := responses()
	measured := rsa.Measured{
		Responses:     &rsa.Responses{Rows: 4, Features: 5, Row: 5, Column: 1, Doubles: x.RawMatrix().Data},
		Design:        rsa.Design{Conditions: 4},
		Dissimilarity: rsa.Dissimilarity{Measure: rsa.Euclidean},
	}
	lists := rsa.Lists{Start: []int64{0, 3, 6}, Features: []int64{0, 1, 2, 2, 3, 4}}
	scores, used := mat.NewDense(lists.Len(), 2, nil), make([]int64, lists.Len())
	err := rsa.Searchlights(
		context.Background(), scores, used, measured, lists, rsa.Comparison{}, models())
	if err != nil {
		log.Fatal(err)
	}
	fmt.Printf("%.2f\n", mat.Formatted(scores))
	fmt.Println(used)
	// Output:
	// ⎡0.84  0.78⎤
	// ⎣0.85  0.19⎦
	// [3 3]
}

// Three subjects have scores at three points in a row.
func ExampleMapDraws() {
	x := mat.NewDense(3, 3, []float64{1, 2, 0.5, 2, 3, -0.5, 3, 4, 0.25})
	w := 1 / math.Sqrt(3)
	weights := mat.NewDense(2, 3, []float64{w, w, w, w, -w, w}) // as they are, and a sign flip
	largest, t, enhanced := make([]float64, 2), mat.NewDense(2, 3, nil), mat.NewDense(2, 3, nil)
	err := rsa.MapDraws(context.Background(), largest, t, enhanced, x, weights, rsa.MapTest{
		Neighbors: rsa.Lists{Start: []int64{0, 1, 3, 4}, Features: []int64{1, 0, 2, 1}},
		DF:        2, Extremity: rsa.Enhanced, Alternative: rsa.Greater, Extent: 0.5, Height: 2,
	})
	if err != nil {
		log.Fatal(err)
	}
	fmt.Printf("%.2f\n%.2f\n%.2f\n", mat.Formatted(t), mat.Formatted(enhanced), largest)
	// Output:
	// ⎡3.46  5.20  0.28⎤
	// ⎣0.46  0.48  5.00⎦
	// ⎡19.60  52.51   0.01⎤
	// ⎣ 0.06   0.06  41.69⎦
	// [52.51 41.69]
}

// A ball is cut at the edges of the volume.
func ExampleBalls() {
	row := rsa.Balls{
		Shape:   [3]int{1, 1, 4},
		Centers: []int64{0, 2},
		Steps:   []int64{0, 0, -1, 0, 0, 0, 0, 0, 1},
		Column:  []int64{0, 1, 2, 3},
	}
	fmt.Println(row.Append(nil, 0), row.Append(nil, 1))
	// Output: [0 1] [1 2 3]
}

func ExampleMeasures() {
	fmt.Println(rsa.Measures()[:4])
	// Output: [correlation cosine euclidean sqeuclidean]
}

func ExampleSimilarities() {
	fmt.Println(rsa.Similarities()[:6])
	// Output: [spearman pearson cosine tau-a tau-b rho-a]
}

func ExamplePairs() {
	fmt.Println(rsa.Pairs(92))
	// Output: 4186
}

func ExampleRanks() {
	ranks := make([]float64, 4)
	if err := rsa.Ranks(ranks, []float64{0.3, 1, 0.1 + 0.2, 0}); err != nil {
		panic(err)
	}
	fmt.Println(ranks)
	// Output: [2.5 4 2.5 1]
}

func ExampleConditions() {
	fmt.Println(rsa.Conditions(4186))
	// Output: 92
}

func ExampleShrinkages() {
	fmt.Println(rsa.Shrinkages())
	// Output: [shrinkage_diag shrinkage_eye diag full]
}

// Two sensors, of which the noise of the second has twice the standard deviation, at two
// times.
func ExampleWindowRDMs() {
	x := rsa.Recording{Rows: 3, Sensors: 2, Samples: 2, Data: []float64{
		0, 1, 0, 2,
		3, 4, 8, 2,
		0, 5, 0, 6,
	}}
	dst := mat.NewDense(2, 3, nil)
	err := rsa.WindowRDMs(context.Background(), dst, nil, x, rsa.Windows{Width: 1, Step: 1},
		rsa.Dissimilarity{Measure: rsa.Euclidean}, rsa.Design{Conditions: 3},
		&rsa.Noise{Covariance: mat.NewDense(2, 2, []float64{1, 0, 0, 4})})
	if err != nil {
		log.Fatal(err)
	}
	fmt.Printf("%.2f\n", mat.Formatted(dst))
	// Output:
	// ⎡5.00  0.00  5.00⎤
	// ⎣3.00  4.47  2.24⎦
}

func ExamplePooledCovariance() {
	x := rsa.Recording{Rows: 2, Sensors: 2, Samples: 3, Data: []float64{
		1, 5, 2, 0, 1, 7,
		3, 1, 2, 0, 5, 9,
	}}
	dst := mat.NewDense(2, 2, nil)
	t, err := rsa.PooledCovariance(context.Background(), dst, x, 0, 3,
		rsa.Noise{Groups: 1, Freedom: 3, Shrinkage: rsa.Full})
	if err != nil {
		log.Fatal(err)
	}
	fmt.Printf("%.2f\n%.0f\n", mat.Formatted(dst), t)
	// Output:
	// ⎡ 3.33  -2.67⎤
	// ⎣-2.67   3.33⎦
	// 0
}

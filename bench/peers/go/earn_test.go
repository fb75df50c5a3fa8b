package main

import (
	"slices"
	"testing"
	"time"
)

// Expected points are worked out by hand from deploy/dev/program.yaml.

func testProgram(t testing.TB) *program {
	t.Helper()
	p, err := readProgram("../../../deploy/dev/program.yaml")
	if err != nil {
		t.Fatal(err)
	}
	return p
}

func shanghai(text string) int64 {
	when, err := time.Parse(time.RFC3339, text+"+08:00")
	if err != nil {
		panic(err)
	}
	return when.UnixMilli()
}

func bought(category, brand string, paidFen int64) line {
	return line{category: []byte(category), brand: []byte(brand), paidFen: paidFen}
}

func TestAPurchaseEarnsWhatTheProgramSays(t *testing.T) {
	thursday, wednesday := shanghai("2017-03-02T12:00:00"), shanghai("2017-03-01T12:00:00")
	gift := []payment{{method: 3, amountFen: 2000}, {method: methodGiftCard, amountFen: 1000}}
	tests := map[string]struct {
		purchase purchase
		points   []int64
	}{
		"one point a yuan":                 {purchase{occurredAtMs: thursday, lines: []line{bought("GROCERY", "National", 10099)}}, []int64{100}},
		"nothing below the minimum":        {purchase{occurredAtMs: thursday, lines: []line{bought("GROCERY", "National", 499)}}, []int64{0}},
		"nothing for spirits":              {purchase{occurredAtMs: thursday, lines: []line{bought("SPIRITS", "National", 10000)}}, []int64{0}},
		"the category's multiplier":        {purchase{occurredAtMs: thursday, lines: []line{bought("PRODUCE", "", 1000)}}, []int64{12}},
		"fresh on Wednesday":               {purchase{occurredAtMs: wednesday, lines: []line{bought("PRODUCE", "", 1000)}}, []int64{18}},
		"Wednesday, by Shanghai's clock":   {purchase{occurredAtMs: shanghai("2017-03-01T00:00:00"), lines: []line{bought("MEAT", "", 1000)}}, []int64{18}},
		"Tuesday, by Shanghai's clock":     {purchase{occurredAtMs: shanghai("2017-02-28T23:59:59"), lines: []line{bought("MEAT", "", 1000)}}, []int64{12}},
		"the best campaign of two":         {purchase{occurredAtMs: wednesday, channel: 3, lines: []line{bought("MEAT", "", 1000)}}, []int64{18}},
		"own brand on top of online":       {purchase{occurredAtMs: thursday, channel: 4, lines: []line{bought("GROCERY", "Private", 1000)}}, []int64{14}},
		"the flagship store":               {purchase{occurredAtMs: thursday, storeID: []byte("367"), lines: []line{bought("GROCERY", "", 1000)}}, []int64{12}},
		"another store":                    {purchase{occurredAtMs: thursday, storeID: []byte("368"), lines: []line{bought("GROCERY", "", 1000)}}, []int64{10}},
		"the anniversary, from 50 yuan":    {purchase{occurredAtMs: shanghai("2017-09-10T23:00:00"), lines: []line{bought("GROCERY", "", 5000)}}, []int64{90}},
		"the anniversary, below":           {purchase{occurredAtMs: shanghai("2017-09-10T23:00:00"), lines: []line{bought("GROCERY", "", 4999)}}, []int64{49}},
		"a gift card earns nothing":        {purchase{occurredAtMs: thursday, payments: gift, lines: []line{bought("GROCERY", "", 3000)}}, []int64{20}},
		"rounded once, the first is given": {purchase{occurredAtMs: thursday, lines: []line{bought("GROCERY", "", 350), bought("GROCERY", "", 350), bought("GROCERY", "", 350)}}, []int64{4, 3, 3}},
		"the largest remainder is given":   {purchase{occurredAtMs: thursday, lines: []line{bought("GROCERY", "", 340), bought("GROCERY", "", 380), bought("GROCERY", "", 330)}}, []int64{3, 4, 3}},
		"the largest order that there is":  {purchase{occurredAtMs: thursday, payments: []payment{{3, amountLimitFen - 1}, {6, 1}}, lines: []line{bought("COSMETICS", "Private", amountLimitFen)}}, []int64{21_999_999}},
	}
	e := earner{program: testProgram(t)}
	for name, test := range tests {
		if err := e.calculate(&test.purchase, neutral); err != nil {
			t.Errorf("%s: %v", name, err)
		}
		var sum int64
		for _, points := range test.points {
			sum += points
		}
		if !slices.Equal(e.linePoints, test.points) || e.points != sum {
			t.Errorf("%s: %d points, by line %d; expected %d", name, e.points, e.linePoints, test.points)
		}
	}
}

func TestATierMultiplies(t *testing.T) {
	p := testProgram(t)
	gold := p.tiers[2]
	e := earner{program: p}
	bag := purchase{occurredAtMs: shanghai("2017-03-02T12:00:00"), lines: []line{bought("GROCERY", "", 1000)}}
	if err := e.calculate(&bag, gold.factor); err != nil || gold.id != "gold" || e.points != 15 {
		t.Errorf("%s: %d points, %v", gold.id, e.points, err)
	}
}

func TestAmountsBeyondTheContractAreRefused(t *testing.T) {
	e := earner{program: testProgram(t)}
	for _, lines := range [][]line{{bought("", "", amountLimitFen+1)}, {bought("", "", -1), bought("", "", 1000)}} {
		if err := e.calculate(&purchase{lines: lines}, neutral); err == nil {
			t.Errorf("%v was taken", lines)
		}
	}
}

package main

import (
	"errors"
	"math/bits"
)

// What a purchase earns, in exact integers: the points of a line are
//
//	paid_fen/100 × base × category × tier × campaign × each stackable campaign × money_fen/total_fen,
//
// every factor in hundredths, so that all lines of an order have one denominator. The order is rounded down once;
// what the lines together lack then goes to those with the largest remainders, of equal ones to the earlier.
type earner struct {
	program          *program
	today            campaigns // good on the day that lasts …
	beginsMs, endsMs int64
	rests            []uint64 // of each line, of the denominator

	points     int64   // of the order
	linePoints []int64 // of each line
}

const (
	amountLimitFen = 1_000_000_000 // of an order: docs/contract.md
	fenPerYuan     = 100
)

var errAmount = errors.New("amounts beyond the contract")

// checkRange: with every amount that the contract allows, weights and denominators stay within 64 bits.
func (p *program) checkRange() error {
	denominator := p.denominator()
	if denominator == 0 || denominator > ^uint64(0)/amountLimitFen {
		return errors.New("too many factors to stay exact")
	}
	return nil
}

// denominator of an order that is all paid with money; its base is left out where that is 1.
func (p *program) denominator() uint64 {
	denominator := uint64(fenPerYuan * neutral * neutral * neutral) // category, tier, campaign
	factors := bits.OnesCount64(uint64(p.stackable))
	if p.base != neutral {
		factors++
	}
	for range factors {
		high, low := bits.Mul64(denominator, neutral)
		if high != 0 {
			return 0
		}
		denominator = low
	}
	return denominator
}

func (e *earner) calculate(p *purchase, tierFactor uint64) error {
	e.prepare(len(p.lines))
	total := p.totalFen()
	money := p.moneyFen(total)
	if total > amountLimitFen || money > total || money < 0 {
		return errAmount
	}
	if money == 0 || money < e.program.minimumSpendFen {
		return nil
	}
	good := e.campaignsOf(p, money)
	share, denominator := uint64(1), e.program.denominator()
	if money != total {
		share, denominator = uint64(money), denominator*uint64(total)
	}
	return e.shareOut(p, good, tierFactor, share, denominator)
}

func (e *earner) prepare(lines int) {
	e.points = 0
	if cap(e.linePoints) < lines {
		e.linePoints, e.rests = make([]int64, lines, 2*lines), make([]uint64, lines, 2*lines)
	}
	e.linePoints, e.rests = e.linePoints[:lines], e.rests[:lines]
	clear(e.linePoints)
}

// campaignsOf: the campaigns that are good for the order, whatever its lines.
func (e *earner) campaignsOf(p *purchase, money int64) campaigns {
	program := e.program
	if p.occurredAtMs < e.beginsMs || p.occurredAtMs >= e.endsMs {
		e.today, e.beginsMs, e.endsMs = program.campaignsOn(p.occurredAtMs)
	}
	channel := p.channel
	if channel >= channelsLimit {
		channel = 0
	}
	good := e.today & program.channels[channel] & *program.stores.of(p.storeID)
	for left := good & program.minimum; left != 0; left &= left - 1 {
		i := bits.TrailingZeros64(uint64(left))
		if money < program.list[i].minimumFen {
			good &^= 1 << i
		}
	}
	return good
}

// weight is the product of all factors of a line.
func (e *earner) weight(l *line, good campaigns, tierFactor uint64) uint64 {
	program := e.program
	category := program.category.of(l.category)
	good &= category.campaigns & *program.brands.of(l.brand)
	weight, best := category.factor*tierFactor, uint64(0)
	if program.base != neutral {
		weight *= program.base
	}
	for left := good &^ program.stackable; left != 0; left &= left - 1 {
		best = max(best, program.list[bits.TrailingZeros64(uint64(left))].factor)
	}
	if good&^program.stackable == 0 {
		best = neutral
	}
	weight *= best
	for left := program.stackable; left != 0; left &= left - 1 {
		if good&left&-left != 0 {
			weight *= program.list[bits.TrailingZeros64(uint64(left))].factor
		} else {
			weight *= neutral
		}
	}
	return weight
}

func (e *earner) shareOut(p *purchase, good campaigns, tierFactor, share, denominator uint64) error {
	var rest uint64 // of all lines, of the denominator
	lacking := 0
	for i := range p.lines {
		l := &p.lines[i]
		if l.paidFen < 0 || l.paidFen > amountLimitFen {
			return errAmount
		}
		high, low := bits.Mul64(uint64(l.paidFen)*share, e.weight(l, good, tierFactor))
		var whole uint64
		if high == 0 {
			whole = low / denominator
			e.rests[i] = low - whole*denominator
		} else {
			whole, e.rests[i] = bits.Div64(high, low, denominator)
		}
		e.linePoints[i] = int64(whole)
		e.points += int64(whole)
		if e.rests[i] >= denominator-rest {
			rest -= denominator - e.rests[i]
			lacking++
		} else {
			rest += e.rests[i]
		}
	}
	e.points += int64(lacking)
	for ; lacking > 0; lacking-- {
		e.giveOne()
	}
	return nil
}

func (e *earner) giveOne() {
	most := 0
	for i, rest := range e.rests {
		if rest > e.rests[most] {
			most = i
		}
	}
	e.linePoints[most]++
	e.rests[most] = 0
}

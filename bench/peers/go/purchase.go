package main

// What of proto/purchases.proto the peer needs.

type purchase struct {
	id, memberID, storeID []byte
	channel               uint64
	occurredAtMs          int64
	lines                 []line
	payments              []payment
}

type line struct {
	id, category, brand []byte
	paidFen             int64
}

// Methods of payment that earn no points.
const (
	methodGiftCard   = 6
	methodPointsPaid = 7
)

type payment struct {
	method    uint64
	amountFen int64
}

// read makes p the purchase of a StoreEvent; its slices are used again.
func (p *purchase) read(event []byte) error {
	*p = purchase{lines: p.lines[:0], payments: p.payments[:0]}
	for at := 0; at < len(event); {
		tag, _, body, next := field(event, at)
		if next < 0 || tag == 1<<3|wireBytes && !p.readBody(body) {
			return errMalformed
		}
		at = next
	}
	if len(p.id) == 0 || len(p.memberID) == 0 {
		return errMalformed
	}
	return nil
}

func (p *purchase) readBody(data []byte) bool {
	good := true
	for at := 0; at < len(data); {
		tag, number, body, next := field(data, at)
		switch tag {
		case 1<<3 | wireBytes:
			p.id = body
		case 2<<3 | wireBytes:
			p.memberID = body
		case 3<<3 | wireBytes:
			p.storeID = body
		case 4<<3 | wireVarint:
			p.channel = number
		case 5<<3 | wireVarint:
			p.occurredAtMs = int64(number)
		case 6<<3 | wireBytes:
			good = p.addLine(body)
		case 7<<3 | wireBytes:
			good = p.addPayment(body)
		}
		if next < 0 || !good {
			return false
		}
		at = next
	}
	return true
}

func (p *purchase) addLine(data []byte) bool {
	p.lines = append(p.lines, line{})
	l := &p.lines[len(p.lines)-1]
	for at := 0; at < len(data); {
		tag, number, body, next := field(data, at)
		switch tag {
		case 1<<3 | wireBytes:
			l.id = body
		case 3<<3 | wireBytes:
			l.category = body
		case 4<<3 | wireBytes:
			l.brand = body
		case 6<<3 | wireVarint:
			l.paidFen = int64(number)
		}
		if next < 0 {
			return false
		}
		at = next
	}
	return true
}

func (p *purchase) addPayment(data []byte) bool {
	p.payments = append(p.payments, payment{})
	pay := &p.payments[len(p.payments)-1]
	for at := 0; at < len(data); {
		tag, number, _, next := field(data, at)
		switch tag {
		case 1<<3 | wireVarint:
			pay.method = number
		case 2<<3 | wireVarint:
			pay.amountFen = int64(number)
		}
		if next < 0 {
			return false
		}
		at = next
	}
	return true
}

func (p *purchase) totalFen() int64 {
	var total int64
	for i := range p.lines {
		total += p.lines[i].paidFen
	}
	return total
}

// moneyFen is what was paid with money: all of it when no payments are named.
func (p *purchase) moneyFen(totalFen int64) int64 {
	if len(p.payments) == 0 {
		return totalFen
	}
	var money int64
	for _, pay := range p.payments {
		if pay.method != methodGiftCard && pay.method != methodPointsPaid {
			money += pay.amountFen
		}
	}
	return money
}

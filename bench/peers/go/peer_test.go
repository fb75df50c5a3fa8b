package main

import (
	"bytes"
	"encoding/hex"
	"fmt"
	"strings"
	"testing"

	"github.com/twmb/franz-go/pkg/kgo"
)

func unhex(t testing.TB, text string) []byte {
	t.Helper()
	data, err := hex.DecodeString(strings.ReplaceAll(text, " ", ""))
	if err != nil {
		t.Fatal(err)
	}
	return data
}

// purchase_id "p1", member_id "m2", store_id "301", channel 4, occurred_at_ms 300; a line "1" of category "FUEL", quantity 2,
// paid_fen 200; a payment with 3 of 200; an unknown field of each wire type. Encoded by hand.
const message = "0a 36" +
	"0a027031 12026d32 1a03333031 2004 28ac02" +
	"32 0e 0a0131 1a044655454c 2802 30c801" +
	"3a 05 0803 10c801" +
	"f80601 fa0601ff fd0600000000 " +
	"7a0178"

func TestAPurchaseIsReadInPlace(t *testing.T) {
	data := unhex(t, message)
	var p purchase
	if err := p.read(data); err != nil {
		t.Fatal(err)
	}
	got := fmt.Sprintf("%s %s %s %d %d %s %s %d %v", p.id, p.memberID, p.storeID, p.channel, p.occurredAtMs,
		p.lines[0].id, p.lines[0].category, p.lines[0].paidFen, p.payments)
	if expected := "p1 m2 301 4 300 1 FUEL 200 [{3 200}]"; got != expected {
		t.Errorf("read %q, expected %q", got, expected)
	}
	if allocated := testing.AllocsPerRun(100, func() { _ = p.read(data) }); allocated != 0 {
		t.Errorf("%v allocations", allocated)
	}
}

func TestADamagedPurchaseIsAnError(t *testing.T) {
	data := unhex(t, message)
	whole := len(data) - 3 // the field behind the purchase may be missing
	for end := range len(data) {
		if end == whole {
			continue
		}
		if err := new(purchase).read(data[:end]); err == nil {
			t.Errorf("the first %d bytes were taken", end)
		}
	}
}

func FuzzNoBytesBreakTheReader(f *testing.F) {
	f.Add(unhex(f, message))
	f.Fuzz(func(_ *testing.T, data []byte) { _ = new(purchase).read(data) })
}

func TestTheLedgerIsWrittenAsItsProtoSays(t *testing.T) {
	p := purchase{id: []byte("p1"), memberID: []byte("m2"), storeID: []byte("301"), occurredAtMs: 300, lines: []line{{id: []byte("1"), paidFen: 200}}}
	e := earner{points: 2, linePoints: []int64{2}}
	r := record{tier: "gold", balanceAfter: 258, contentHash: 0x0807060504030201}
	expected := unhex(t, "0a027031 12026d32 192c01000000000000 2203333031 2a04676f6c64 310200000000000000 390201000000000000"+
		"42 15 0a0131 11c800000000000000 190200000000000000 490102030405060708")
	size := sizeOfLedger(&p, &r)
	if got := appendLedger(nil, &p, &e, &r); !bytes.Equal(got, expected) || size != len(expected) {
		t.Errorf("%d bytes\n%x, expected %d\n%x", size, got, len(expected), expected)
	}
}

func event(purchaseID, memberID string) *kgo.Record {
	body := "\x0a" + string(rune(len(purchaseID))) + purchaseID + "\x12" + string(rune(len(memberID))) + memberID +
		"\x32\x09\x0a\x011\x1a\x01G\x30\xe8\x07" // a line of 10 yuan
	return &kgo.Record{Key: []byte(memberID), Value: []byte("\x0a" + string(rune(len(body))) + body)}
}

func TestARepeatedPurchaseCountsOnceForItsMember(t *testing.T) {
	var ledger []*kgo.Record
	w := newWorker(testProgram(t), "ledger", func(r *kgo.Record) { ledger = append(ledger, r) })
	s := newState(0)
	inputs := []*kgo.Record{event("p1", "m1"), event("p1", "m1"), event("p1", "m2"), event("p2", "m1")}
	if err := w.take(s, inputs); err != nil {
		t.Fatal(err)
	}
	if err := w.take(s, []*kgo.Record{event("p2", "m1")}); err != nil {
		t.Fatal(err)
	}
	if len(ledger) != 3 || len(s.members) != 2 || s.members[0].balance != 20 || s.members[1].balance != 10 {
		t.Errorf("%d records, members %+v", len(ledger), s.members)
	}
}

func TestTablesKeepAllWhenTheyGrow(t *testing.T) {
	var ledger int
	w := newWorker(testProgram(t), "ledger", func(*kgo.Record) { ledger++ })
	s := newState(0)
	const members, each = 3000, 3
	for round := range 2 { // the second time all are repeats
		for i := range members * each {
			if err := w.take(s, []*kgo.Record{event(fmt.Sprint("p", i), fmt.Sprint("m", i%members))}); err != nil {
				t.Fatal(err)
			}
		}
		if ledger != members*each || len(s.members) != members {
			t.Fatalf("round %d: %d records of %d members", round, ledger, len(s.members))
		}
	}
	for i := range s.members {
		if s.members[i].balance != each*10 {
			t.Errorf("member %s: %+v", s.id(uint32(i)), s.members[i])
		}
	}
}

func TestRedisGetsEachChangedMemberOnce(t *testing.T) {
	s := newState(7)
	w := redisWriter{prefix: "hy:"}
	for i := range pairsACall + 1 {
		number := s.findOne(fmt.Append(nil, "m", i), uint64(i))
		s.change(number, 1)
		s.change(number, 2)
	}
	var batch redisBatch
	w.fill(&batch, []*state{nil, s})
	wire := string(batch.wire)
	first := "*1025\r\n$4\r\nMSET\r\n$14\r\nhy:peer:{7}:m0\r\n$13\r\n\x03\x00\x00\x00\x00\x00\x00\x00\x02\x00\x00\x00\x00\r\n"
	last := "*3\r\n$4\r\nMSET\r\n$16\r\nhy:peer:{7}:m512\r\n$13\r\n\x03\x00\x00\x00\x00\x00\x00\x00\x02\x00\x00\x00\x00\r\n"
	if batch.calls != 2 || !strings.HasPrefix(wire, first) || !strings.HasSuffix(wire, last) {
		t.Errorf("%d calls: %q … %q", batch.calls, wire[:len(first)], wire[len(wire)-len(last):])
	}
	batch = redisBatch{}
	if w.fill(&batch, []*state{s}); batch.calls != 0 {
		t.Error("members that did not change are written again")
	}
}

package main

import (
	"fmt"

	"github.com/cespare/xxhash/v2"
	"github.com/twmb/franz-go/pkg/kgo"
)

// worker does the work for the partitions that it is given; nobody else touches their states meanwhile.
type worker struct {
	program *program
	output  string
	earner  earner
	room    room // of the values of this batch
	produce func(*kgo.Record)
	window  [windowInputs]input
}

// So many inputs are looked up together: the memory then fetches for all of them at once what none has in its cache.
const windowInputs = 32

type input struct {
	purchase     purchase
	record       *kgo.Record
	member       uint32
	memberHash   uint64
	purchaseHash uint64
}

func newWorker(program *program, output string, produce func(*kgo.Record)) *worker {
	return &worker{program: program, output: output, earner: earner{program: program}, produce: produce}
}

func (w *worker) take(s *state, records []*kgo.Record) error {
	for len(records) > 0 {
		count := min(windowInputs, len(records))
		inputs := w.window[:count]
		if err := read(inputs, records[:count]); err != nil {
			return err
		}
		s.find(inputs)
		for i := range inputs {
			if err := w.one(s, &inputs[i]); err != nil {
				return wrongInput(inputs[i].record, err)
			}
		}
		records = records[count:]
	}
	return nil
}

func wrongInput(r *kgo.Record, err error) error {
	return fmt.Errorf("partition %d, offset %d: %w", r.Partition, r.Offset, err)
}

func read(inputs []input, records []*kgo.Record) error {
	for i, r := range records {
		in := &inputs[i]
		if err := in.purchase.read(r.Value); err != nil {
			return wrongInput(r, err)
		}
		in.record = r
		in.memberHash = xxhash.Sum64(in.purchase.memberID)
		in.purchaseHash = hashOfPurchase(in.memberHash, in.purchase.id)
	}
	return nil
}

// The record that came is the record that goes: its key, time and partition stay.
func (w *worker) one(s *state, in *input) error {
	r, p := in.record, &in.purchase
	if !s.purchases.add(in.purchaseHash) {
		r.Recycle()
		return nil
	}
	tier := &w.program.tiers[s.members[in.member].tier]
	if err := w.earner.calculate(p, tier.factor); err != nil {
		return err
	}
	m := s.change(in.member, w.earner.points)
	entry := record{tier: tier.id, balanceAfter: m.balance, contentHash: xxhash.Sum64(r.Value)}
	r.Value = appendLedger(w.room.take(sizeOfLedger(p, &entry)), p, &w.earner, &entry)
	r.Topic = w.output
	w.produce(r)
	return nil
}

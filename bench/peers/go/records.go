package main

import (
	"sync"

	"github.com/twmb/franz-go/pkg/kgo"
)

// recordPool keeps the records of fetches that are done with: franz-go takes them for the next ones.
type recordPool struct {
	mu   sync.Mutex
	free [][]kgo.Record
}

const pooledRecords = 1024 // at least, of one piece

func (p *recordPool) GetRecords(count int) []kgo.Record {
	p.mu.Lock()
	defer p.mu.Unlock()
	for i := len(p.free) - 1; i >= 0; i-- {
		if found := p.free[i]; cap(found) >= count {
			last := len(p.free) - 1
			p.free[i] = p.free[last]
			p.free = p.free[:last]
			return found
		}
	}
	return make([]kgo.Record, 0, max(count, pooledRecords))
}

func (p *recordPool) PutRecords(records []kgo.Record) {
	p.mu.Lock()
	p.free = append(p.free, records[:0])
	p.mu.Unlock()
}

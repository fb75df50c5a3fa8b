package main

import "sync"

// shares says when all pipelines have their partitions. None takes an input before: the group divides the partitions anew when
// the last one joins, and a transaction that is open then would be lost.
type shares struct {
	ready      chan struct{}
	mu         sync.Mutex
	partitions int
	held       []int // by pipeline
	complete   bool
}

func newShares(pipelines, partitions int) *shares {
	return &shares{ready: make(chan struct{}), partitions: partitions, held: make([]int, pipelines)}
}

func (s *shares) add(pipeline, partitions int) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.held[pipeline] += partitions
	if s.complete {
		return
	}
	sum := 0
	for _, held := range s.held {
		if held == 0 {
			return
		}
		sum += held
	}
	if s.complete = sum == s.partitions; s.complete {
		close(s.ready)
	}
}

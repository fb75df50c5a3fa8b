package main

import (
	"bufio"
	"encoding/binary"
	"fmt"
	"net"
	"strconv"
)

// One value for each member that a batch changed, written with MSET of pairsACall pairs. A batch is written while the next
// one is at work; there are two, so a batch whose turn comes before that waits.

const valueBytes = 8 + 4 + 1 // balance, purchases, tier

type redisWriter struct {
	conn    net.Conn
	answers *bufio.Reader
	prefix  string
	batches chan *redisBatch // to be written
	free    chan *redisBatch // written
	done    chan struct{}    // closed when no more is written,
	err     error            // for this reason
}

// redisBatch is what goes over the wire for one batch.
type redisBatch struct {
	wire  []byte
	calls int
}

func openRedis(s *settings) (*redisWriter, error) {
	conn, err := net.Dial("tcp", s.redisAddress)
	if err != nil {
		return nil, err
	}
	w := &redisWriter{
		conn: conn, answers: bufio.NewReader(conn), prefix: s.redisPrefix,
		batches: make(chan *redisBatch, 2), free: make(chan *redisBatch, 2), done: make(chan struct{}),
	}
	w.free <- &redisBatch{}
	w.free <- &redisBatch{}
	if s.redisDB != "" && s.redisDB != "0" {
		selected := &redisBatch{calls: 1}
		selected.wire = appendBulk(append(selected.wire, "*2\r\n$6\r\nSELECT\r\n"...), s.redisDB)
		if err := w.write(selected); err != nil {
			return nil, err
		}
	}
	go w.run()
	return w, nil
}

func (w *redisWriter) run() {
	defer close(w.done)
	for batch := range w.batches {
		if w.err = w.write(batch); w.err != nil {
			return
		}
		w.free <- batch
	}
	w.err = w.conn.Close()
}

// The answers are short: they never fill the socket while the calls are still being written.
func (w *redisWriter) write(batch *redisBatch) error {
	if _, err := w.conn.Write(batch.wire); err != nil {
		return err
	}
	for range batch.calls {
		answer, err := w.answers.ReadSlice('\n')
		if err != nil {
			return err
		}
		if string(answer) != "+OK\r\n" {
			return fmt.Errorf("redis: %q", answer)
		}
	}
	return nil
}

// next gives a batch to fill, as soon as there is one that is written; nil: Redis is lost, and send will say why.
func (w *redisWriter) next() *redisBatch {
	select {
	case batch := <-w.free:
		batch.wire, batch.calls = batch.wire[:0], 0
		return batch
	case <-w.done:
		return nil
	}
}

func (w *redisWriter) send(batch *redisBatch) error {
	if batch == nil {
		return w.err
	}
	w.batches <- batch // never waits: there are as many places as batches
	return nil
}

// close waits until all is written.
func (w *redisWriter) close() error {
	close(w.batches)
	<-w.done
	return w.err
}

// fill writes down what the batch changed, and forgets it.
func (w *redisWriter) fill(batch *redisBatch, states []*state) {
	left := 0
	for _, s := range states {
		if s != nil {
			left += len(s.changed)
		}
	}
	pairs := 0 // left of the current call
	var key []byte
	for _, s := range states {
		if s == nil {
			continue
		}
		key = append(strconv.AppendInt(append(append(key[:0], w.prefix...), "peer:{"...), int64(s.partition), 10), "}:"...)
		head := len(key)
		for _, number := range s.changed {
			if pairs == 0 {
				pairs = min(left, pairsACall)
				left -= pairs
				batch.begin(pairs)
			}
			pairs--
			m := &s.members[number]
			key = append(key[:head], s.id(number)...)
			batch.wire = appendBulk(batch.wire, key)
			batch.appendValue(m)
		}
		s.forgetChanged()
	}
}

func (b *redisBatch) begin(pairs int) {
	b.wire = append(b.wire, '*')
	b.wire = strconv.AppendInt(b.wire, int64(1+2*pairs), 10)
	b.wire = append(b.wire, "\r\n$4\r\nMSET\r\n"...)
	b.calls++
}

func (b *redisBatch) appendValue(m *member) {
	b.wire = append(b.wire, '$', '0'+valueBytes/10, '0'+valueBytes%10, '\r', '\n')
	b.wire = binary.LittleEndian.AppendUint64(b.wire, uint64(m.balance))
	b.wire = binary.LittleEndian.AppendUint32(b.wire, m.purchases)
	b.wire = append(b.wire, m.tier, '\r', '\n')
}

func appendBulk[T string | []byte](out []byte, text T) []byte {
	out = append(out, '$')
	out = strconv.AppendInt(out, int64(len(text)), 10)
	out = append(out, '\r', '\n')
	out = append(out, text...)
	return append(out, '\r', '\n')
}

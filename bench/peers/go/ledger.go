package main

import (
	"encoding/binary"
	"math/bits"
)

// Writes messages of bench/peers/ledger.proto into room that is used again for every batch.

// record is what the ledger says of one purchase, beside what the purchase says itself.
type record struct {
	tier         string
	balanceAfter int64
	contentHash  uint64
}

func sizeOfBytes(length int) int {
	return 1 + (bits.Len32(uint32(length)|1)+6)/7 + length
}

func sizeOfLine(l *line) int {
	return sizeOfBytes(len(l.id)) + 9 + 9
}

func sizeOfLedger(p *purchase, r *record) int {
	size := sizeOfBytes(len(p.id)) + sizeOfBytes(len(p.memberID)) + sizeOfBytes(len(p.storeID)) + sizeOfBytes(len(r.tier)) + 4*9
	for i := range p.lines {
		size += sizeOfBytes(sizeOfLine(&p.lines[i]))
	}
	return size
}

// appendLedger appends the message to out, which has the room for it.
func appendLedger(out []byte, p *purchase, e *earner, r *record) []byte {
	out = appendText(out, 1, p.id)
	out = appendText(out, 2, p.memberID)
	out = appendFixed(out, 3, uint64(p.occurredAtMs))
	out = appendText(out, 4, p.storeID)
	out = appendText(out, 5, r.tier)
	out = appendFixed(out, 6, uint64(e.points))
	out = appendFixed(out, 7, uint64(r.balanceAfter))
	for i := range p.lines {
		l := &p.lines[i]
		out = append(out, 8<<3|wireBytes)
		out = binary.AppendUvarint(out, uint64(sizeOfLine(l)))
		out = appendText(out, 1, l.id)
		out = appendFixed(out, 2, uint64(l.paidFen))
		out = appendFixed(out, 3, uint64(e.linePoints[i]))
	}
	return appendFixed(out, 9, r.contentHash)
}

func appendText[T string | []byte](out []byte, field byte, text T) []byte {
	out = append(out, field<<3|wireBytes)
	out = binary.AppendUvarint(out, uint64(len(text)))
	return append(out, text...)
}

func appendFixed(out []byte, field byte, value uint64) []byte {
	out = append(out, field<<3|wireFixed64)
	return binary.LittleEndian.AppendUint64(out, value)
}

// room hands out pieces of large blocks, which are used again after a reset.
type room struct {
	blocks [][]byte
	at     int // block in use
}

const blockBytes = 1 << 20

// take returns an empty slice with room for size bytes.
func (r *room) take(size int) []byte {
	for {
		if r.at == len(r.blocks) {
			r.blocks = append(r.blocks, make([]byte, 0, max(size, blockBytes)))
		}
		block := r.blocks[r.at]
		if used := len(block); cap(block)-used >= size {
			r.blocks[r.at] = block[:used+size]
			return block[used : used : used+size]
		}
		r.at++
	}
}

func (r *room) reset() {
	for i := range r.blocks {
		r.blocks[i] = r.blocks[i][:0]
	}
	r.at = 0
}

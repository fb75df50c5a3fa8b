package main

import "github.com/cespare/xxhash/v2"

// The state of one partition: its members, and the ids of all their purchases. Both are open-addressing tables of 64-bit
// hashes: a look-up touches one cache line, and the garbage collector has nothing to follow.
type state struct {
	partition int32
	slots     []slot
	members   []member
	ids       []byte // of all members
	purchases hashSet
	changed   []uint32 // members changed since the batch began
	touched   uint64   // so that the compiler does not leave out loads for their own sake
}

type slot struct {
	hash   uint64
	number uint32 // 1 + place in members; 0: free
}

type member struct {
	balance   int64
	idAt      uint32 // in ids
	idBytes   uint32
	purchases uint32
	changed   bool // in this batch
	tier      uint8
}

func newState(partition int32) *state {
	return &state{partition: partition, slots: make([]slot, 1<<10), purchases: hashSet{slots: make([]uint64, 1<<12)}}
}

// find gives every input its member, who is new if need be.
func (s *state) find(inputs []input) {
	s.touch(inputs)
	for i := range inputs {
		inputs[i].member = s.findOne(inputs[i].purchase.memberID, inputs[i].memberHash)
	}
}

// touch loads what the look-ups will need; none of these loads waits for another.
func (s *state) touch(inputs []input) {
	slots, purchases := s.slots, s.purchases.slots
	var loaded uint64
	for i := range inputs {
		loaded += slots[inputs[i].memberHash&uint64(len(slots)-1)].hash + purchases[inputs[i].purchaseHash&uint64(len(purchases)-1)]
	}
	s.touched = loaded
}

func (s *state) findOne(id []byte, hash uint64) uint32 {
	mask := uint64(len(s.slots) - 1)
	for at := hash & mask; ; at = (at + 1) & mask {
		found := s.slots[at]
		if found.number == 0 {
			return s.add(id, hash, at)
		}
		if found.hash == hash && string(s.id(found.number-1)) == string(id) {
			return found.number - 1
		}
	}
}

func (s *state) id(number uint32) []byte {
	m := &s.members[number]
	return s.ids[m.idAt : m.idAt+m.idBytes]
}

func (s *state) add(id []byte, hash, at uint64) uint32 {
	s.members = append(s.members, member{idAt: uint32(len(s.ids)), idBytes: uint32(len(id))})
	s.ids = append(s.ids, id...)
	s.slots[at] = slot{hash, uint32(len(s.members))}
	if 2*len(s.members) > len(s.slots) {
		s.grow()
	}
	return uint32(len(s.members) - 1)
}

func (s *state) grow() {
	old := s.slots
	s.slots = make([]slot, 2*len(old))
	mask := uint64(len(s.slots) - 1)
	for _, moved := range old {
		if moved.number == 0 {
			continue
		}
		at := moved.hash & mask
		for s.slots[at].number != 0 {
			at = (at + 1) & mask
		}
		s.slots[at] = moved
	}
}

// hashOfPurchase: an id need only be unique within its member.
func hashOfPurchase(memberHash uint64, id []byte) uint64 {
	const odd = 0x9e3779b97f4a7c15 // spreads the member's hash over all bits
	return xxhash.Sum64(id) ^ memberHash*odd
}

func (s *state) change(number uint32, points int64) *member {
	m := &s.members[number]
	m.balance += points
	m.purchases++
	if !m.changed {
		m.changed = true
		s.changed = append(s.changed, number)
	}
	return m
}

func (s *state) forgetChanged() {
	for _, number := range s.changed {
		s.members[number].changed = false
	}
	s.changed = s.changed[:0]
}

// hashSet holds hashes; 0 marks a free slot, and is kept as 1.
type hashSet struct {
	slots []uint64
	count int
}

func (set *hashSet) add(hash uint64) bool {
	if hash == 0 {
		hash = 1
	}
	if !set.put(hash) {
		return false
	}
	set.count++
	if 2*set.count > len(set.slots) {
		set.grow()
	}
	return true
}

func (set *hashSet) put(hash uint64) bool {
	mask := uint64(len(set.slots) - 1)
	for at := hash & mask; ; at = (at + 1) & mask {
		if set.slots[at] == hash {
			return false
		}
		if set.slots[at] == 0 {
			set.slots[at] = hash
			return true
		}
	}
}

func (set *hashSet) grow() {
	old := set.slots
	set.slots = make([]uint64, 2*len(old))
	for _, hash := range old {
		if hash != 0 {
			set.put(hash)
		}
	}
}

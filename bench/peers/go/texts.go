package main

// texts is a small table that never changes once it is made; what is not in it has the value `other`. A third of the time of
// a map: names that differ in their length or their ends are told apart without a hash of all their bytes.
type texts[V any] struct {
	slots []namedValue[V] // a power of two, at least half of them free
	other V
}

type namedValue[V any] struct {
	name  string // "": free
	value V
}

func newTexts[V any](values map[string]V, other V) texts[V] {
	size := 2
	for size < 4*len(values) {
		size *= 2
	}
	t := texts[V]{make([]namedValue[V], size), other}
	for name, value := range values {
		if name == "" {
			t.other = value
			continue
		}
		at := placeOf([]byte(name), size-1)
		for t.slots[at].name != "" {
			at = (at + 1) & (size - 1)
		}
		t.slots[at] = namedValue[V]{name, value}
	}
	return t
}

func placeOf(text []byte, mask int) int {
	return (len(text)*5 + int(text[0])*3 + int(text[len(text)-1])) & mask
}

// of returns the value of a name. A pointer, because values are copied otherwise.
func (t *texts[V]) of(text []byte) *V {
	if len(text) == 0 {
		return &t.other
	}
	mask := len(t.slots) - 1
	for at := placeOf(text, mask); ; at++ {
		slot := &t.slots[at&mask]
		if slot.name == string(text) {
			return &slot.value
		}
		if slot.name == "" {
			return &t.other
		}
	}
}

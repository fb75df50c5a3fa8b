package main

import "errors"

// The protobuf wire format, as far as a purchase needs it. Nothing is copied: bytes point into the message.

var errMalformed = errors.New("malformed protobuf")

const (
	wireVarint  = 0
	wireFixed64 = 1
	wireBytes   = 2
	wireFixed32 = 5
)

// field reads the one at data[at:], which is not the end: its tag, and its number or its bytes, and where the next one
// begins; -1: it could not be read. One call a field, because calls are what reading costs.
func field(data []byte, at int) (tag, number uint64, body []byte, next int) {
	tag = uint64(data[at])
	at++
	if tag >= 0x80 {
		if tag, at = varint(data, at-1); at < 0 {
			return 0, 0, nil, -1
		}
	}
	switch tag & 7 {
	case wireVarint, wireBytes:
		if at < len(data) && data[at] < 0x80 {
			number = uint64(data[at])
			at++
		} else if number, at = varint(data, at); at < 0 {
			return 0, 0, nil, -1
		}
		if tag&7 == wireVarint {
			return tag, number, nil, at
		}
		if number > uint64(len(data)-at) {
			return 0, 0, nil, -1
		}
		next = at + int(number)
		return tag, 0, data[at:next:next], next
	case wireFixed64:
		at += 8
	case wireFixed32:
		at += 4
	default:
		return 0, 0, nil, -1
	}
	if at > len(data) {
		at = -1
	}
	return tag, 0, nil, at
}

// varint reads one of any length and returns where it ends.
func varint(data []byte, at int) (uint64, int) {
	var value uint64
	for shift := 0; shift < 64 && at < len(data); shift += 7 {
		b := data[at]
		at++
		value |= uint64(b&0x7f) << shift
		if b < 0x80 {
			return value, at
		}
	}
	return 0, -1
}

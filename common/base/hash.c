#include "common/base/hash.h"

#include <endian.h>
#include <openssl/sha.h>
#include <sodium.h>

#define XXH_INLINE_ALL // what is hashed is short: a call would cost as much as the hash
#include <xxhash.h>

uint64_t hy_hash64(struct hy_bytes bytes) {
    return XXH3_64bits(bytes.data, bytes.length);
}

// Part of the contract.
static const unsigned char CONTRACT_KEY[crypto_shorthash_KEYBYTES + 1] = "huiyuan.v1/hash\0";

uint64_t hy_share_hash(struct hy_bytes bytes) {
    uint64_t hash;
    _Static_assert(sizeof hash == crypto_shorthash_BYTES, "64 bits");
    crypto_shorthash((unsigned char *)&hash, bytes.data, bytes.length, CONTRACT_KEY);
    return le64toh(hash); // the same number on every machine
}

enum { MURMUR_SEED = 0x9747b28c, MURMUR_M = 0x5bd1e995, MURMUR_R = 24 };

static uint32_t word_at(const uint8_t *data) {
    uint32_t word;
    memcpy(&word, data, sizeof word);
    return le32toh(word);
}

// The last one to three bytes, as the low bytes of a word.
static uint32_t tail_of(const uint8_t *data, size_t length) {
    uint32_t word = 0;
    for (size_t i = length; i-- > 0;) {
        word = word << 8 | data[i];
    }
    return word;
}

// MurmurHash2, 32 bits, by Austin Appleby, with the seed that Kafka's Java producer uses.
static uint32_t murmur2(struct hy_bytes bytes) {
    const uint32_t m = MURMUR_M;
    uint32_t hash = (uint32_t)MURMUR_SEED ^ (uint32_t)bytes.length;
    size_t at = 0;
    for (; bytes.length - at >= 4; at += 4) {
        uint32_t word = word_at(bytes.data + at) * m;
        word = (word ^ word >> MURMUR_R) * m;
        hash = (hash * m) ^ word;
    }
    if (at < bytes.length) hash = (hash ^ tail_of(bytes.data + at, bytes.length - at)) * m;
    hash = (hash ^ hash >> 13) * m;
    return hash ^ hash >> 15;
}

uint32_t hy_partition_of(struct hy_bytes member_id, uint32_t partitions) {
    return (murmur2(member_id) & 0x7fffffffU) % partitions;
}

void hy_chain_hash(struct hy_bytes bytes, uint8_t ret_hash[HY_CHAIN_HASH_BYTES]) {
    SHA256(bytes.data, bytes.length, ret_hash);
}

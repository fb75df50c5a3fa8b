#include "common/base/hash.h"

#include <criterion/criterion.h>

TestSuite(hash);

// Divided by 2^31 the partition number is the hash itself, with the sign bit cleared.
static void murmur_should_be(const char *text, int32_t expected) {
    cr_assert_eq(hy_partition_of(hy_bytes_of(text), 0x80000000U), (uint32_t)expected & 0x7fffffffU, "%s",
                 text);
}

// The vectors of the Java client's own tests.
Test(hash, partitions_agree_with_the_java_producer) {
    murmur_should_be("21", -973932308);
    murmur_should_be("foobar", -790332482);
    murmur_should_be("a-little-bit-long-string", -985981536);
    murmur_should_be("a-little-bit-longer-string", -1486304829);
    murmur_should_be("lkjh234lh9fiuh90y23oiuhsafujhadof229phr9h19h89h8", -58897971);
    murmur_should_be("abc", 479470107);
}

Test(hash, a_partition_is_the_hash_modulo_their_number) {
    cr_assert_eq(hy_partition_of(hy_bytes_of("abc"), 16), 479470107 % 16);
    cr_assert_eq(hy_partition_of(hy_bytes_of("21"), 12), ((uint32_t)-973932308 & 0x7fffffffU) % 12);
    cr_assert_eq(hy_partition_of(hy_bytes_of("anything"), 1), 0);
}

// Hashes that logs and Redis already hold: these numbers (by `xxhsum -H3`) may never change.
Test(hash, hash64_is_part_of_the_contract) {
    cr_assert_eq(hy_hash64(hy_bytes_of("")), UINT64_C(0x2d06800538d394c2));
    cr_assert_eq(hy_hash64(hy_bytes_of("P-20261122-000001")), UINT64_C(0xcc0165768e862ccd));
}

Test(hash, hash64_sees_every_byte) {
    uint8_t bytes[40] = {0};
    uint64_t before = hy_hash64(hy_bytes(bytes, sizeof bytes));
    for (size_t i = 0; i < sizeof bytes; i++) {
        bytes[i] = 1;
        cr_assert_neq(hy_hash64(hy_bytes(bytes, sizeof bytes)), before);
        bytes[i] = 0;
    }
    cr_assert_neq(hy_hash64(hy_bytes(bytes, sizeof bytes - 1)), before);
}

Test(hash, the_chain_hash_is_sha_256) {
    static const uint8_t expected[HY_CHAIN_HASH_BYTES] = {
        0xba, 0x78, 0x16, 0xbf, 0x8f, 0x01, 0xcf, 0xea, 0x41, 0x41, 0x40, 0xde, 0x5d, 0xae, 0x22, 0x23,
        0xb0, 0x03, 0x61, 0xa3, 0x96, 0x17, 0x7a, 0x9c, 0xb4, 0x10, 0xff, 0x61, 0xf2, 0x00, 0x15, 0xad,
    };
    uint8_t hash[HY_CHAIN_HASH_BYTES];
    hy_chain_hash(hy_bytes_of("abc"), hash);
    cr_assert_arr_eq(hash, expected, sizeof hash);
}

// By the SipHash in tests/integration/stable_hash.py.
Test(hash, shares_are_part_of_the_contract) {
    cr_assert_eq(hy_share_hash(hy_bytes_of("")), UINT64_C(0x423578ddd86c8a72));
    cr_assert_eq(hy_share_hash(hy_bytes_of("P-20261122-000001")), UINT64_C(0x69e5be7709aaeedf));
}

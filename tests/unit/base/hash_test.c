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

// Hashes that logs and Redis already hold: these numbers may never change.
Test(hash, hash64_is_part_of_the_contract) {
    cr_assert_eq(hy_hash64(hy_bytes_of("")), UINT64_C(0x423578ddd86c8a72));
    cr_assert_eq(hy_hash64(hy_bytes_of("P-20261122-000001")), UINT64_C(0x69e5be7709aaeedf));
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

Test(hash, the_chain_hash_is_blake2b_256) {
    static const uint8_t expected[HY_CHAIN_HASH_BYTES] = {
        0xbd, 0xdd, 0x81, 0x3c, 0x63, 0x42, 0x39, 0x72, 0x31, 0x71, 0xef, 0x3f, 0xee, 0x98, 0x57, 0x9b,
        0x94, 0x96, 0x4e, 0x3b, 0xb1, 0xcb, 0x3e, 0x42, 0x72, 0x62, 0xc8, 0xc0, 0x68, 0xd5, 0x23, 0x19,
    };
    uint8_t hash[HY_CHAIN_HASH_BYTES];
    hy_chain_hash(hy_bytes_of("abc"), hash);
    cr_assert_arr_eq(hash, expected, sizeof hash);
}

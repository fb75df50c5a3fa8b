// The memory of fetched messages: no Kafka is needed for it.
#include "common/io/bus_kafka_slab.h"

#include <criterion/criterion.h>
#include <stdint.h>
#include <string.h>

enum { BLOCK = 65536 };

static struct bus_slab slab;

static void setup(void) {
    bus_slab_init(&slab, (size_t)2 * BLOCK);
}

static void teardown(void) {
    bus_slab_free(&slab);
}

static struct hy_message keep(const void *value, size_t length) {
    struct hy_message message = {.value = hy_bytes(value, length)};
    bus_slab_keep(&slab, &message);
    return message;
}

TestSuite(bus_kafka_slab, .init = setup, .fini = teardown);

Test(bus_kafka_slab, bytes_are_copies) {
    char key[] = "key";
    char value[] = "value";
    struct hy_message message = {.key = hy_bytes(key, 3), .value = hy_bytes(value, 5)};
    bus_slab_keep(&slab, &message);
    memset(key, 'x', 3);
    memset(value, 'x', 5);
    cr_assert(hy_bytes_equal(message.key, hy_bytes("key", 3)));
    cr_assert(hy_bytes_equal(message.value, hy_bytes("value", 5)));
    bus_slab_release(&slab, message.owner);
}

Test(bus_kafka_slab, nothing_stays_nothing_and_empty_stays_empty) {
    struct hy_message nothing = keep(NULL, 0);
    struct hy_message empty = keep("", 0);
    cr_assert(nothing.value.data == NULL && nothing.key.data == NULL);
    cr_assert(empty.value.data != NULL && empty.value.length == 0);
    bus_slab_release(&slab, nothing.owner);
    bus_slab_release(&slab, empty.owner);
}

Test(bus_kafka_slab, a_block_is_used_again_when_its_last_message_is_released) {
    static const uint8_t half[BLOCK / 2];
    struct hy_message first = keep(half, sizeof half);
    struct hy_message small = keep("x", 1);
    cr_assert(small.owner == first.owner);
    struct hy_message second = keep(half, sizeof half);
    cr_assert(second.owner != first.owner);
    bus_slab_release(&slab, first.owner);
    cr_assert(slab.free_count == 0);
    bus_slab_release(&slab, small.owner);
    cr_assert(slab.free_count == 1);
    struct hy_message third = keep(half, sizeof half);
    cr_assert(third.owner == first.owner && slab.free_count == 0);
    bus_slab_release(&slab, second.owner);
    bus_slab_release(&slab, third.owner);
}

Test(bus_kafka_slab, a_message_larger_than_a_block_has_one_of_its_own) {
    static uint8_t large[3 * BLOCK];
    large[sizeof large - 1] = 7;
    struct hy_message message = keep(large, sizeof large);
    struct hy_message next = keep("x", 1);
    cr_assert(message.value.data[sizeof large - 1] == 7 && next.owner != message.owner);
    bus_slab_release(&slab, message.owner);
    bus_slab_release(&slab, next.owner);
    cr_assert(slab.free_count == 0, "large ones go back to the heap");
}

Test(bus_kafka_slab, only_so_much_unused_memory_is_kept) {
    static const uint8_t half[BLOCK / 2];
    struct hy_message messages[10];
    for (size_t i = 0; i < 10; i++)
        messages[i] = keep(half, sizeof half);
    for (size_t i = 0; i < 10; i++)
        bus_slab_release(&slab, messages[i].owner);
    cr_assert(slab.free_count == 2);
}

#include "common/base/arena.h"

#include <criterion/criterion.h>

#include <stdint.h>

TestSuite(arena);

static bool aligned(const void *memory) {
    return (uintptr_t)memory % 16 == 0;
}

Test(arena, hands_out_aligned_memory_that_does_not_overlap) {
    enum { COUNT = 3000 };
    static unsigned char *blocks[COUNT];
    struct hy_arena arena;
    hy_arena_init(&arena);
    for (size_t i = 0; i < COUNT; i++) {
        size_t size = 1 + i * 7 % 301;
        blocks[i] = hy_arena_alloc(&arena, size);
        cr_assert(aligned(blocks[i]));
        memset(blocks[i], (int)(i % 251), size);
    }
    for (size_t i = 0; i < COUNT; i++) {
        for (size_t at = 0; at < 1 + i * 7 % 301; at++) {
            cr_assert_eq(blocks[i][at], i % 251);
        }
    }
    hy_arena_free(&arena);
}

Test(arena, takes_an_allocation_larger_than_any_chunk) {
    struct hy_arena arena;
    hy_arena_init(&arena);
    unsigned char *small = hy_arena_alloc(&arena, 10);
    unsigned char *large = hy_arena_zero(&arena, 5 << 20);
    small[9] = 1;
    large[(5 << 20) - 1] = 2;
    cr_assert_eq(large[0], 0);
    cr_assert(aligned(hy_arena_alloc(&arena, 1)));
    hy_arena_free(&arena);
}

Test(arena, zeroed_memory_is_clear_after_reuse) {
    struct hy_arena arena;
    hy_arena_init(&arena);
    memset(hy_arena_alloc(&arena, 4096), 0xff, 4096);
    hy_arena_reset(&arena);
    const unsigned char *again = hy_arena_zero(&arena, 4096);
    for (size_t i = 0; i < 4096; i++) {
        cr_assert_eq(again[i], 0);
    }
    hy_arena_free(&arena);
}

Test(arena, a_reset_serves_the_next_batch_from_the_same_memory) {
    struct hy_arena arena;
    hy_arena_init(&arena);
    void *first = hy_arena_alloc(&arena, 100);
    void *second_chunk = hy_arena_alloc(&arena, 100 << 10);
    hy_arena_reset(&arena);
    cr_assert_eq(hy_arena_alloc(&arena, 100), first);
    cr_assert_eq(hy_arena_alloc(&arena, 100 << 10), second_chunk);
    hy_arena_free(&arena);
}

Test(arena, a_kept_chunk_that_is_too_small_is_passed_by_and_used_later) {
    struct hy_arena arena;
    hy_arena_init(&arena);
    hy_arena_alloc(&arena, 64 << 10);
    void *second_chunk = hy_arena_alloc(&arena, 100 << 10);
    hy_arena_reset(&arena);
    hy_arena_alloc(&arena, 60 << 10);
    unsigned char *large = hy_arena_alloc(&arena, 400 << 10); // more than the second chunk holds
    memset(large, 7, 400 << 10);
    cr_assert_eq(hy_arena_alloc(&arena, 100 << 10), second_chunk);
    cr_assert_eq(large[0], 7);
    hy_arena_free(&arena);
}

Test(arena, freeing_twice_and_using_again_is_fine) {
    struct hy_arena arena;
    hy_arena_init(&arena);
    hy_arena_free(&arena);
    cr_assert_str_eq(hy_arena_string(&arena, "abcdef", 3), "abc");
    hy_arena_free(&arena);
    hy_arena_free(&arena);
}

Test(arena, copies_strings_bytes_and_formats) {
    struct hy_arena arena;
    hy_arena_init(&arena);
    char text[] = "会员";
    struct hy_bytes copy = hy_arena_bytes(&arena, hy_bytes_of(text));
    text[0] = 'x';
    cr_assert(hy_bytes_equal(copy, hy_bytes_of("会员")));
    cr_assert_null(hy_arena_bytes(&arena, hy_bytes(NULL, 0)).data);
    cr_assert_str_eq(hy_arena_printf(&arena, "lines[%d].%s", 2, "paid_fen"), "lines[2].paid_fen");
    cr_assert_eq(strlen(hy_arena_printf(&arena, "%05000d", 1)), 5000);
    hy_arena_free(&arena);
}

Test(arena, what_was_allocated_last_can_be_cut_to_what_is_needed) {
    struct hy_arena arena;
    hy_arena_init(&arena);
    char *first = hy_arena_alloc(&arena, 1000);
    memset(first, 'x', 20);
    hy_arena_trim(&arena, first + 20);
    char *next = hy_arena_alloc(&arena, 32);
    cr_assert_eq(next, first + 32);
    hy_arena_trim(&arena, next + 32); // nothing to give back
    cr_assert_eq(hy_arena_alloc(&arena, 1), next + 32);
    cr_assert_eq(first[19], 'x');
    hy_arena_free(&arena);
}

Test(arena, protobuf_memory_comes_from_the_arena) {
    struct hy_arena arena;
    hy_arena_init(&arena);
    ProtobufCAllocator *allocator = &arena.protobuf;
    unsigned char *memory = allocator->alloc(allocator->allocator_data, 64);
    memory[63] = 9;
    allocator->free(allocator->allocator_data, memory); // changes nothing
    cr_assert_eq(memory[63], 9);
    hy_arena_reset(&arena);
    cr_assert_eq(hy_arena_alloc(&arena, 64), memory);
    hy_arena_free(&arena);
}

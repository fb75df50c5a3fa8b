// Categories and brands that lists of the rules name: found by their hash, with what they mean for every
// rule, so that a line is looked up once and not once for each rule.
#include <string.h>

#include "common/base/memory.h"
#include "common/program/internal.h"

static inline uint64_t two_pieces(const uint8_t *a, const uint8_t *b) {
    uint32_t low;
    uint32_t high;
    memcpy(&low, a, sizeof low);
    memcpy(&high, b, sizeof high);
    return low | (uint64_t)high << 32;
}

// Pieces that overlap need no loop, and no jump that depends on the length, which nobody could foresee.
static inline struct hy_word_key key_of(struct hy_bytes text) {
    const uint8_t *bytes = text.data;
    size_t length = text.length;
    struct hy_word_key key = {.length = length};
    if (length >= 4) {
        size_t step = length < 8 ? 0 : 4;
        key.first = two_pieces(bytes, bytes + step);
        key.last = two_pieces(bytes + length - 4 - step, bytes + length - 4);
    } else if (length > 0) {
        key.first = (uint64_t)bytes[0] | (uint64_t)bytes[length / 2] << 8 | (uint64_t)bytes[length - 1] << 16;
    }
    return key;
}

// Its high bits are the good ones.
static inline size_t first_slot(const struct hy_words *words, const struct hy_word_key *key) {
    const uint64_t odd = UINT64_C(0x9e3779b97f4a7c15);
    uint64_t hash = (((key->first * odd) ^ key->last) + key->length) * odd;
    return (hash >> 32) & (words->capacity - 1);
}

static inline bool is(const struct hy_word *word, const struct hy_word_key *key, struct hy_bytes text) {
    return word->key.first == key->first && word->key.last == key->last && word->key.length == key->length &&
           (text.length <= 16 || memcmp(word->text, text.data, text.length) == 0);
}

static inline struct hy_word *slot_of(const struct hy_words *words, struct hy_bytes text,
                                      const struct hy_word_key *key) {
    size_t at = first_slot(words, key);
    while (words->slots[at].text != NULL && !is(&words->slots[at], key, text))
        at = (at + 1) & (words->capacity - 1);
    return &words->slots[at];
}

// A call would cost as much as the look.
static inline __attribute__((always_inline)) const struct hy_word *find(const struct hy_words *words,
                                                                        struct hy_bytes text) {
    if (words->capacity == 0) return NULL;
    struct hy_word_key key = key_of(text);
    const struct hy_word *word = slot_of(words, text, &key);
    return word->text == NULL ? NULL : word;
}

const struct hy_rule *hy_program_category_rule(const struct hy_program *program, const char *category) {
    const struct hy_word *word = find(&program->categories, hy_bytes_of(category));
    return word == NULL ? NULL : word->category_rule;
}

struct hy_line_words hy_program_line_words(const struct hy_program *program, struct hy_bytes category,
                                           struct hy_bytes brand) {
    return (struct hy_line_words){find(&program->categories, category), find(&program->brands, brand)};
}

const struct hy_word *hy_words_find(const struct hy_words *words, struct hy_bytes text) {
    return find(words, text);
}

// At most half full: a miss, which most are, ends soon.
void hy_words_make(struct hy_words *words, size_t most) {
    if (most == 0) return;
    for (words->capacity = 2; words->capacity < 2 * most;)
        words->capacity *= 2;
    words->slots = hy_calloc(words->capacity, sizeof *words->slots);
}

struct hy_word *hy_words_name(const struct hy_words *words, const char *text, size_t place) {
    struct hy_bytes bytes = hy_bytes_of(text);
    struct hy_word_key key = key_of(bytes);
    struct hy_word *word = slot_of(words, bytes, &key);
    word->key = key;
    word->text = text;
    hy_rule_set_add(&word->named_by, place);
    return word;
}

static void name(struct hy_program *program, const struct hy_rule *rule) {
    size_t place = rule->place;
    for (size_t i = 0; i < rule->category_count; i++) {
        struct hy_word *word = hy_words_name(&program->categories, rule->categories[i], place);
        if (rule->kind == HY_RULE_CATEGORY && word->category_rule == NULL) word->category_rule = rule;
    }
    for (size_t i = 0; i < rule->brand_count; i++)
        hy_words_name(&program->brands, rule->brands[i], place);
}

void hy_program_index(struct hy_program *program) {
    program->first_campaign = 0;
    while (program->first_campaign < program->rule_count &&
           program->rules[program->first_campaign].kind != HY_RULE_CAMPAIGN)
        program->first_campaign++;
    size_t categories = 0;
    size_t brands = 0;
    for (size_t i = 0; i < program->rule_count; i++) {
        categories += program->rules[i].category_count;
        brands += program->rules[i].brand_count;
    }
    hy_words_make(&program->categories, categories);
    hy_words_make(&program->brands, brands);
    for (size_t i = 0; i < program->rule_count; i++)
        name(program, &program->rules[i]);
}

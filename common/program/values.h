// Readers of single values, each with its range and its words. Internal to this folder.
#pragma once

#include "common/program/yaml.h"

// Each returns false, after a fault, when the value is not right; then *ret is untouched.
bool read_id(struct yaml_reader *reader, const yaml_node_t *node, char ret_id[HY_RULE_ID_LIMIT_BYTES + 1]);
bool read_name(struct yaml_reader *reader, const yaml_node_t *node, char ret_name[HY_NAME_LIMIT_BYTES + 1]);
bool read_version(struct yaml_reader *reader, const yaml_node_t *node, uint32_t *ret_version);
// What is left to pay of 1.00.
bool read_discount(struct yaml_reader *reader, const yaml_node_t *node, int32_t *ret_hundredths);
bool read_multiplier(struct yaml_reader *reader, const yaml_node_t *node, int32_t *ret_hundredths);
bool read_money(struct yaml_reader *reader, const yaml_node_t *node, int64_t *ret_fen);
bool read_whole(struct yaml_reader *reader, const yaml_node_t *node, int64_t min, int64_t max,
                int64_t *ret_number);
bool read_boolean(struct yaml_reader *reader, const yaml_node_t *node, bool *ret_boolean);
bool read_date(struct yaml_reader *reader, const yaml_node_t *node, int32_t *ret_day_number);
// A date (midnight by the zone's clocks), or RFC 3339.
bool read_moment(struct yaml_reader *reader, const yaml_node_t *node, const struct hy_zone *zone,
                 int64_t *ret_time_ms);
// A zone that `load_zone` knows.
bool read_zone(struct yaml_reader *reader, const yaml_node_t *node, hy_zone_loader load_zone,
               struct hy_zone *ret_zone);
bool read_currency(struct yaml_reader *reader, const yaml_node_t *node, char ret_currency[4]);

// One of these words; *ret_index is its place. `words` ends with NULL.
bool read_word(struct yaml_reader *reader, const yaml_node_t *node, const char *const *words,
               uint32_t *ret_index);
// A set of these words: bit i + 1 for words[i].
bool read_words(struct yaml_reader *reader, const yaml_node_t *node, const char *const *words,
                uint32_t *ret_bits);

struct text_list {
    char **texts; // sorted; owned
    size_t count;
};

// Texts that a purchase line or store may have, none twice.
void read_texts(struct yaml_reader *reader, const yaml_node_t *node, struct text_list *ret_list);

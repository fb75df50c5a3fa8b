// What the files of this folder share beside program.h.
#pragma once

#include "common/program/program.h"
#include "common/program/yaml.h"

#define HY_BASE_RULE_ID "base"

// A program with the defaults of every key that may be left out.
struct hy_program *hy_program_new(void);
// What a key of the file cannot be judged by alone.
void hy_program_check_whole(const struct hy_program *program, struct hy_program_faults *faults);
// Makes the words from the rules.
void hy_program_index(struct hy_program *program);
// Room for that many words at most, whose texts are named one after the other; where one is, NULL: nowhere.
void hy_words_make(struct hy_words *words, size_t most);
struct hy_word *hy_words_name(const struct hy_words *words, const char *text, size_t place);
const struct hy_word *hy_words_find(const struct hy_words *words, struct hy_bytes text);
// Makes the index of campaigns.
void hy_program_index_campaigns(struct hy_program *program);
// Whether the rule's days have this one.
bool hy_rule_holds_on_day(const struct hy_rule *rule, int32_t day_number);
// Makes what records say of the rules and tiers.
void hy_program_encode_rules(struct hy_program *program);
// A name that the file does not give is the id.
void hy_program_name_after_id(char name[HY_NAME_LIMIT_BYTES + 1], const char *id);

// tiers.c: the keys of the ladder. Each reads into a struct hy_program.
void read_tiers(struct yaml_reader *reader, const yaml_node_t *node, void *target);
void read_growth(struct yaml_reader *reader, const yaml_node_t *node, void *target);
void read_tier_rules(struct yaml_reader *reader, const yaml_node_t *node, void *target); // after the tiers
// A program without a ladder has one tier, which changes nothing.
void hy_program_add_ordinary_tier(struct hy_program *program);

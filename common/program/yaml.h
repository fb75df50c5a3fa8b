// Reading a YAML file so that every fault names its line and field. Internal to this folder.
#pragma once

#include <yaml.h>

#include "common/program/program.h"

struct yaml_reader {
    yaml_document_t *document;
    struct hy_program_faults *faults;
    char path[sizeof((struct hy_program_fault *)0)->field]; // of the value that is being read
};

// Reads one value into `target`, whose type the function knows.
typedef void (*yaml_read)(struct yaml_reader *reader, const yaml_node_t *node, void *target);

struct yaml_key {
    const char *name;
    bool required;
    yaml_read read;
};

// Gives the root of a file to `read`, unless it does what no file may do at all: be too large, be no YAML,
// use anchors, tags, deep nesting or several documents. The faults are sorted by line. True when there is
// none.
bool yaml_read_file(struct hy_bytes yaml, struct hy_program_faults *ret_faults, yaml_read read, void *target);
// The value of a key of this mapping; NULL: it has none, or is no mapping.
const yaml_node_t *yaml_value(const struct yaml_reader *reader, const yaml_node_t *mapping, const char *name);

// Reads the keys in the order of the table (not of the file). Unknown, repeated and missing keys are faults.
void yaml_read_mapping(struct yaml_reader *reader, const yaml_node_t *node, const struct yaml_key *keys,
                       size_t key_count, void *target);
// An empty list, or one longer than `limit`, is a fault.
void yaml_read_list(struct yaml_reader *reader, const yaml_node_t *node, size_t limit, yaml_read read_element,
                    void *target);

// Adds a fault at the reader's path. `shown` is the value at fault, or NULL.
void yaml_fault(struct yaml_reader *reader, const yaml_node_t *node, const char *shown, const char *english,
                const char *chinese);
// The same, at the key `key` below the reader's path.
void yaml_fault_at_key(struct yaml_reader *reader, const yaml_node_t *node, const char *key,
                       const char *shown, const char *english, const char *chinese);
// The same, without a document.
void hy_program_fault_add(struct hy_program_faults *faults, int line, const char *field, const char *shown,
                          const char *english, const char *chinese);

// The text of a scalar, NULL (and a fault) when the node is a mapping or a list.
const char *yaml_text(struct yaml_reader *reader, const yaml_node_t *node);
// The text of an unquoted scalar: numbers, dates, words.
const char *yaml_plain(struct yaml_reader *reader, const yaml_node_t *node);

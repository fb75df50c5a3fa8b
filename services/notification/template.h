// Templates of messages: text files with {placeholders}, one a language; read, checked and filled in. Pure.
//
//   # a comment
//   subject: 生日快乐，{name}
//   sms: {name}，生日快乐！券码 {coupon_code}
//
//   The body of an e-mail, as many lines as it takes. Two {{ make one.
#pragma once

#include <stdbool.h>
#include <stddef.h>

#include "common/base/bytes.h"
#include "proto/deliveries.pb-c.h"

struct template_text {
    char *subject, *sms, *body; // NULL: this language is missing
};

struct template {
    char *name;                    // "birthday"
    struct template_text texts[2]; // zh, en
};

struct templates {
    struct template *items;
    size_t count;
};

struct template_fault {
    char file[96];
    int line; // 0: the file as a whole
    char text[200];
};

void templates_free(struct templates *templates);
// Takes one file, named "<name>.zh.txt" or "<name>.en.txt". False with what is wrong; then nothing is taken.
bool templates_add(struct templates *templates, const char *file, struct hy_bytes content,
                   struct template_fault *ret_fault);
// False when there is none at all, or one lacks a language.
bool templates_complete(const struct templates *templates, struct template_fault *ret_fault);
const struct template *templates_find(const struct templates *templates, const char *name); // NULL: none
const struct template_text *template_in(const struct template *template, Huiyuan__V1__Language language);

// What the placeholders stand for. A parameter "coupon_name-zh" or "coupon_name-en" goes before
// "coupon_name".
struct template_values {
    Huiyuan__V1__Language language;
    const char *name; // of the member; NULL or "": "member" in the language
    Huiyuan__V1__DeliveryParameter **parameters;
    size_t parameter_count;
};

// Adds the filled text. False when a placeholder has no value: *ret_missing names it, in static memory.
bool template_fill(const char *text, const struct template_values *values, struct hy_buffer *out,
                   const char **ret_missing);

#include "services/notification/template.h"

#include <stdarg.h>
#include <stdio.h>

#include "common/base/memory.h"

enum { NAME_LIMIT = 40, SUBJECT_LIMIT = 200, SMS_LIMIT = 1000, LANGUAGES = 2 };

static const char *const suffixes[LANGUAGES] = {".zh.txt", ".en.txt"};
static const char *const languages[LANGUAGES] = {"zh", "en"};
static const char *const somebody[LANGUAGES] = {"会员", "member"};

// All that a template may ask for. Which of them a message has depends on what wants it (wanted.c).
static const char *const placeholders[] = {"name",         "tier",          "coupon_code", "coupon_name",
                                           "coupon_value", "minimum_spend", "expires",     "occasion"};

enum { PLACEHOLDERS = sizeof placeholders / sizeof placeholders[0] };

static size_t language_index(Huiyuan__V1__Language language) {
    return language == HUIYUAN__V1__LANGUAGE__EN ? 1 : 0; // Chinese unless something else was said
}

// --- a file's parts ---

struct file {
    const char *name;
    struct hy_bytes rest;
    int line; // of the last one taken
    struct template_fault *fault;
};

static bool fault(const struct file *file, int line, const char *format, ...)
    __attribute__((format(printf, 3, 4)));

static bool fault(const struct file *file, int line, const char *format, ...) {
    snprintf(file->fault->file, sizeof file->fault->file, "%s", file->name);
    file->fault->line = line;
    va_list arguments;
    va_start(arguments, format);
    vsnprintf(file->fault->text, sizeof file->fault->text, format, arguments);
    va_end(arguments);
    return false;
}

static bool take_line(struct file *file, struct hy_bytes *ret_line) {
    if (file->rest.length == 0) return false;
    const uint8_t *end = memchr(file->rest.data, '\n', file->rest.length);
    size_t length = end == NULL ? file->rest.length : (size_t)(end - file->rest.data);
    size_t taken = end == NULL ? length : length + 1;
    *ret_line = hy_bytes(file->rest.data, length);
    if (length > 0 && ret_line->data[length - 1] == '\r') ret_line->length--;
    file->rest = hy_bytes(file->rest.data + taken, file->rest.length - taken);
    file->line++;
    return true;
}

static char *text_of(struct hy_bytes bytes) {
    char *text = hy_malloc(bytes.length + 1);
    memcpy(text, bytes.data, bytes.length);
    text[bytes.length] = '\0';
    return text;
}

static bool starts_with(struct hy_bytes line, const char *word) {
    size_t length = strlen(word);
    return line.length >= length && memcmp(line.data, word, length) == 0;
}

static struct hy_bytes value_of(struct hy_bytes line, const char *word) {
    size_t at = strlen(word);
    while (at < line.length && line.data[at] == ' ')
        at++;
    return hy_bytes(line.data + at, line.length - at);
}

static const char *known_name(struct hy_bytes name) {
    for (size_t i = 0; i < PLACEHOLDERS; i++) {
        if (hy_bytes_equal(name, hy_bytes_of(placeholders[i]))) return placeholders[i];
    }
    return NULL;
}

// `at` is behind a "{"; the name up to the "}". Length 0 with data NULL: it does not end in this line.
static struct hy_bytes placeholder_at(const char *at) {
    size_t length = strcspn(at, "{}\n");
    return at[length] == '}' ? hy_bytes(at, length) : hy_bytes(NULL, 0);
}

static bool check_placeholder(const struct file *file, int line, const char *at) {
    struct hy_bytes name = placeholder_at(at);
    if (name.data == NULL) return fault(file, line, "a \"{\" without its \"}\"; write {{ for a brace");
    if (known_name(name) != NULL) return true;
    return fault(file, line,
                 "{%.*s} is no placeholder; there are name, tier, coupon_code, coupon_name, coupon_value, "
                 "minimum_spend, expires, occasion",
                 (int)(name.length < 40 ? name.length : 40), (const char *)name.data);
}

static bool check_placeholders(const struct file *file, int line, const char *text) {
    for (const char *p = text; *p != '\0'; p++) {
        if (*p == '\n') line++;
        if (*p != '{') continue;
        if (p[1] == '{')
            p++;
        else if (!check_placeholder(file, line, p + 1))
            return false;
    }
    return true;
}

static bool take_heading(struct file *file, const char *what, struct hy_bytes value, size_t limit,
                         char **text) {
    if (*text != NULL) return fault(file, file->line, "a second %s", what);
    if (value.length == 0 || value.length > limit)
        return fault(file, file->line, "the %s has 1 … %zu bytes", what, limit);
    *text = text_of(value);
    return check_placeholders(file, file->line, *text);
}

// The lines up to the first empty one.
static bool take_headings(struct file *file, struct template_text *text) {
    struct hy_bytes line;
    while (take_line(file, &line) && line.length > 0) {
        if (line.data[0] == '#') continue;
        bool good;
        if (starts_with(line, "subject:"))
            good = take_heading(file, "subject", value_of(line, "subject:"), SUBJECT_LIMIT, &text->subject);
        else if (starts_with(line, "sms:"))
            good = take_heading(file, "sms", value_of(line, "sms:"), SMS_LIMIT, &text->sms);
        else
            good = fault(file, file->line, "\"subject:\" or \"sms:\", then an empty line, then the body");
        if (!good) return false;
    }
    if (text->subject == NULL) return fault(file, 0, "no line \"subject: …\"");
    if (text->sms == NULL) return fault(file, 0, "no line \"sms: …\"");
    return true;
}

static bool take_text(struct file *file, struct template_text *text) {
    if (memchr(file->rest.data, '\0', file->rest.length) != NULL) return fault(file, 0, "not a text file");
    if (!take_headings(file, text)) return false;
    if (file->rest.length == 0) return fault(file, 0, "no body after an empty line");
    text->body = text_of(file->rest);
    return check_placeholders(file, file->line + 1, text->body);
}

static void free_text(struct template_text *text) {
    hy_free(text->subject);
    hy_free(text->sms);
    hy_free(text->body);
    *text = (struct template_text){0};
}

// --- all of them ---

static bool name_is_good(const char *name, size_t length) {
    return length > 0 && length <= NAME_LIMIT &&
           strspn(name, "abcdefghijklmnopqrstuvwxyz0123456789-") >= length;
}

// Language and length of the template's name, from the file's.
static bool take_name(const struct file *file, size_t *ret_language, size_t *ret_length) {
    size_t length = strlen(file->name);
    for (size_t i = 0; i < LANGUAGES; i++) {
        size_t suffix = strlen(suffixes[i]);
        if (length <= suffix || strcmp(file->name + length - suffix, suffixes[i]) != 0) continue;
        *ret_language = i;
        *ret_length = length - suffix;
        return name_is_good(file->name, length - suffix) ||
               fault(file, 0, "a template's name has 1 … %d of a-z, 0-9 and -", NAME_LIMIT);
    }
    return fault(file, 0, "a template is named NAME.zh.txt or NAME.en.txt");
}

static struct template *find(const struct templates *templates, struct hy_bytes name) {
    for (size_t i = 0; i < templates->count; i++) {
        if (hy_bytes_equal(hy_bytes_of(templates->items[i].name), name)) return &templates->items[i];
    }
    return NULL;
}

static struct template *find_or_add(struct templates *templates, struct hy_bytes name) {
    struct template *found = find(templates, name);
    if (found != NULL) return found;
    templates->items = hy_realloc(templates->items, (templates->count + 1) * sizeof *templates->items);
    found = &templates->items[templates->count++];
    *found = (struct template){.name = text_of(name)};
    return found;
}

bool templates_add(struct templates *templates, const char *name, struct hy_bytes content,
                   struct template_fault *ret_fault) {
    struct file file = {.name = name, .rest = content, .fault = ret_fault};
    struct template_text text = {0};
    size_t language = 0, length = 0;
    if (!take_name(&file, &language, &length)) return false;
    if (!take_text(&file, &text)) {
        free_text(&text);
        return false;
    }
    struct template *template = find_or_add(templates, hy_bytes(name, length));
    free_text(&template->texts[language]);
    template->texts[language] = text;
    return true;
}

bool templates_complete(const struct templates *templates, struct template_fault *ret_fault) {
    struct file all = {.name = "", .fault = ret_fault};
    if (templates->count == 0) return fault(&all, 0, "no template at all");
    for (size_t i = 0; i < templates->count; i++) {
        for (size_t k = 0; k < LANGUAGES; k++) {
            if (templates->items[i].texts[k].body != NULL) continue;
            return fault(&all, 0, "%s.%s.txt is missing", templates->items[i].name, languages[k]);
        }
    }
    return true;
}

void templates_free(struct templates *templates) {
    for (size_t i = 0; i < templates->count; i++) {
        hy_free(templates->items[i].name);
        for (size_t k = 0; k < LANGUAGES; k++)
            free_text(&templates->items[i].texts[k]);
    }
    hy_free(templates->items);
    *templates = (struct templates){0};
}

const struct template *templates_find(const struct templates *templates, const char *name) {
    return find(templates, hy_bytes_of(name));
}

const struct template_text *template_in(const struct template *template, Huiyuan__V1__Language language) {
    return &template->texts[language_index(language)];
}

// --- filling in ---

static const char *parameter(const struct template_values *values, const char *name) {
    for (size_t i = 0; i < values->parameter_count; i++) {
        if (strcmp(values->parameters[i]->name, name) == 0) return values->parameters[i]->value;
    }
    return NULL;
}

static const char *value_for(const struct template_values *values, const char *name) {
    size_t language = language_index(values->language);
    if (strcmp(name, "name") == 0)
        return values->name != NULL && values->name[0] != '\0' ? values->name : somebody[language];
    char special[NAME_LIMIT];
    snprintf(special, sizeof special, "%s-%s", name, languages[language]);
    const char *value = parameter(values, special);
    return value != NULL ? value : parameter(values, name);
}

// A value is text: what would end a line or control a terminal becomes a space.
static void add_value(struct hy_buffer *out, const char *value) {
    for (; *value != '\0'; value++) {
        bool control = (unsigned char)*value < ' ' || *value == 0x7f;
        hy_buffer_add(out, control ? " " : value, 1);
    }
}

bool template_fill(const char *text, const struct template_values *values, struct hy_buffer *out,
                   const char **ret_missing) {
    for (const char *p = text; *p != '\0'; p++) {
        if (*p != '{' || p[1] == '{') {
            hy_buffer_add(out, p, 1);
            if (*p == '{') p++;
            continue;
        }
        struct hy_bytes name = placeholder_at(p + 1);
        const char *known = known_name(name);
        const char *value = known == NULL ? NULL : value_for(values, known);
        if (value == NULL) {
            *ret_missing = known == NULL ? "?" : known;
            return false;
        }
        add_value(out, value);
        p += name.length + 1;
    }
    return true;
}

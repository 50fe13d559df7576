/*===----------------------------------------------------------------------===*\
 * Part of Ravel, under the Apache License v2.0 with LLVM Exceptions.
 * See LICENSE for license information.
 * SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
\*===----------------------------------------------------------------------===*/
/*
 * Reads weights from the bytes of a safetensors file: a 64-bit header size, a
 * JSON header that gives each tensor's type, shape and range of bytes, and the
 * tensors' bytes. The header is read strictly: an object whose values are
 *
 *   "__metadata__": {string: string, ...}
 *   NAME: {"dtype": string, "shape": [whole, ...], "data_offsets": [a, b]}
 *
 * Nothing in the file is trusted, and none of it need be aligned.
 */
#include "Runtime.h"

typedef struct {
  const unsigned char *next, *end;
  int failed;
} Parser;

/* A string as it is written, between the quotes. */
typedef struct {
  const unsigned char *begin, *end;
} Text;

enum { kMostDims = 4 };
/* No file has more bytes. */
static const int64_t kMostBytes = (int64_t)1 << 60;

typedef struct {
  Text name, type;
  int32_t rank;
  int64_t shape[kMostDims];
  int64_t begin, end;
} Entry;

static void skipSpace(Parser *parser) {
  while (parser->next != parser->end &&
         (*parser->next == ' ' || *parser->next == '\t' ||
          *parser->next == '\n' || *parser->next == '\r'))
    ++parser->next;
}

/* Whether the next character that is no space is `c`, which is then read. */
static int accept(Parser *parser, unsigned char c) {
  skipSpace(parser);
  if (parser->failed || parser->next == parser->end || *parser->next != c)
    return 0;
  ++parser->next;
  return 1;
}

static void expect(Parser *parser, unsigned char c) {
  if (!accept(parser, c))
    parser->failed = 1;
}

static Text parseText(Parser *parser) {
  Text text = {0, 0};
  expect(parser, '"');
  if (parser->failed)
    return text;
  text.begin = parser->next;
  for (; parser->next != parser->end; ++parser->next) {
    unsigned char c = *parser->next;
    if (c == '"') {
      text.end = parser->next++;
      return text;
    }
    if (c < 0x20)
      break;
    if (c == '\\' && ++parser->next == parser->end)
      break;
  }
  parser->failed = 1;
  return text;
}

static int64_t parseWhole(Parser *parser) {
  int64_t value = 0;
  skipSpace(parser);
  const unsigned char *begin = parser->next;
  for (; parser->next != parser->end && *parser->next >= '0' &&
         *parser->next <= '9';
       ++parser->next)
    if (value > kMostBytes / 10)
      parser->failed = 1;
    else
      value = value * 10 + (*parser->next - '0');
  if (parser->next == begin || (*begin == '0' && parser->next != begin + 1))
    parser->failed = 1;
  return value;
}

static int hexDigit(unsigned char c) {
  if (c >= '0' && c <= '9')
    return c - '0';
  c |= 0x20;
  return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

/* Whether a text, its escapes resolved, is `name`. */
static int isEqual(Text text, const char *name) {
  const unsigned char *p = text.begin, *n = (const unsigned char *)name;
  while (p != text.end) {
    unsigned c = *p++;
    if (c != '\\') {
      if (*n++ != c)
        return 0;
      continue;
    }
    c = *p++;
    switch (c) {
    case 'b':
      c = '\b';
      break;
    case 'f':
      c = '\f';
      break;
    case 'n':
      c = '\n';
      break;
    case 'r':
      c = '\r';
      break;
    case 't':
      c = '\t';
      break;
    case 'u': {
      if (text.end - p < 4)
        return 0;
      c = 0;
      for (int i = 0; i < 4; ++i) {
        int digit = hexDigit(*p++);
        if (digit < 0)
          return 0;
        c = c * 16 + (unsigned)digit;
      }
      /* Names beyond the basic plane are written as they are. */
      if (c >= 0x800) {
        if (*n++ != (0xe0 | c >> 12))
          return 0;
        if (*n++ != (0x80 | (c >> 6 & 0x3f)))
          return 0;
        c = 0x80 | (c & 0x3f);
      } else if (c >= 0x80) {
        if (*n++ != (0xc0 | c >> 6))
          return 0;
        c = 0x80 | (c & 0x3f);
      }
      break;
    }
    case '"':
    case '\\':
    case '/':
      break;
    default:
      return 0;
    }
    if (c == 0 || *n++ != c)
      return 0;
  }
  return *n == 0;
}

static void parseMetadata(Parser *parser) {
  expect(parser, '{');
  if (accept(parser, '}'))
    return;
  do {
    parseText(parser);
    expect(parser, ':');
    parseText(parser);
  } while (accept(parser, ','));
  expect(parser, '}');
}

static void parseTensor(Parser *parser, Entry *entry) {
  int seen = 0;
  expect(parser, '{');
  do {
    Text key = parseText(parser);
    expect(parser, ':');
    if (parser->failed)
      return;
    int field = isEqual(key, "dtype")          ? 1
                : isEqual(key, "shape")        ? 2
                : isEqual(key, "data_offsets") ? 4
                                               : 0;
    if (field == 0 || (seen & field)) {
      parser->failed = 1;
      return;
    }
    seen |= field;
    if (field == 1) {
      entry->type = parseText(parser);
    } else if (field == 2) {
      expect(parser, '[');
      entry->rank = 0;
      if (accept(parser, ']'))
        continue;
      do {
        int64_t size = parseWhole(parser);
        if (entry->rank < kMostDims)
          entry->shape[entry->rank] = size;
        if (entry->rank <= kMostDims)
          ++entry->rank;
      } while (accept(parser, ','));
      expect(parser, ']');
    } else {
      expect(parser, '[');
      entry->begin = parseWhole(parser);
      expect(parser, ',');
      entry->end = parseWhole(parser);
      expect(parser, ']');
    }
  } while (accept(parser, ','));
  expect(parser, '}');
  if (seen != 7)
    parser->failed = 1;
}

/* Finds a tensor by its name, or with a null name reads all of the header. */
static int findTensor(Parser parser, const char *name, Entry *found,
                      int *failed) {
  expect(&parser, '{');
  if (!accept(&parser, '}')) {
    do {
      Entry entry;
      entry.name = parseText(&parser);
      expect(&parser, ':');
      if (parser.failed)
        break;
      if (isEqual(entry.name, "__metadata__")) {
        parseMetadata(&parser);
        continue;
      }
      parseTensor(&parser, &entry);
      if (!parser.failed && name && isEqual(entry.name, name)) {
        *found = entry;
        return 1;
      }
    } while (accept(&parser, ','));
    expect(&parser, '}');
  }
  skipSpace(&parser);
  *failed = parser.failed || parser.next != parser.end;
  return 0;
}

static float halfToFloat(uint32_t half) {
  uint32_t sign = (half & 0x8000) << 16, exponent = half >> 10 & 0x1f;
  uint32_t mantissa = half & 0x3ff, bits;
  float value;
  if (exponent == 0x1f) {
    bits = sign | 0x7f800000 | mantissa << 13;
  } else if (exponent != 0) {
    bits = sign | (exponent + 112) << 23 | mantissa << 13;
  } else {
    /* A multiple of 2^-24. */
    value = (float)mantissa * 5.9604644775390625e-8f;
    return sign ? -value : value;
  }
  memcpy(&value, &bits, sizeof value);
  return value;
}

static int isFinite(double value) { return value - value == 0; }

/* Element `i` of a tensor of type `type`: 2, 4 or 8 bytes, or 3 for bfloat16.
 */
static double load(const unsigned char *data, int64_t i, int type) {
  if (type == 8) {
    double value;
    memcpy(&value, data + 8 * i, 8);
    return value;
  }
  if (type == 4) {
    float value;
    memcpy(&value, data + 4 * i, 4);
    return value;
  }
  uint16_t half;
  memcpy(&half, data + 2 * i, 2);
  if (type == 2)
    return halfToFloat(half);
  uint32_t bits = (uint32_t)half << 16;
  float value;
  memcpy(&value, &bits, 4);
  return value;
}

static int readTensor(const RavelParameter *parameter, const Entry *entry,
                      const unsigned char *data, int64_t size, char *weights) {
  int type = isEqual(entry->type, "F32")    ? 4
             : isEqual(entry->type, "F64")  ? 8
             : isEqual(entry->type, "F16")  ? 2
             : isEqual(entry->type, "BF16") ? 3
                                            : 0;
  int isDouble = parameter->dtype == RAVEL_F64;
  if (type == 0 || (type == 8 && !isDouble))
    return RAVEL_ERROR_TYPE;
  int64_t count = 1;
  if (entry->rank != parameter->rank)
    return RAVEL_ERROR_SHAPE;
  for (int32_t i = 0; i < parameter->rank; ++i) {
    if (entry->shape[i] != parameter->shape[i])
      return RAVEL_ERROR_SHAPE;
    count *= parameter->shape[i];
  }
  if (entry->begin > entry->end ||
      entry->end - entry->begin != count * (type == 3 ? 2 : type))
    return RAVEL_ERROR_FORMAT;
  if (entry->end > size)
    return RAVEL_ERROR_TRUNCATED;
  data += entry->begin;
  int finite = 1;
  /* The usual case at the speed of memory. */
  if (type == 4 && !isDouble) {
    memcpy(weights, data, (size_t)(4 * count));
    const uint32_t *bits = (const uint32_t *)(const void *)weights;
    for (int64_t i = 0; i < count; ++i)
      finite &= (bits[i] & 0x7f800000) != 0x7f800000;
    return finite ? 0 : RAVEL_ERROR_NONFINITE;
  }
  for (int64_t i = 0; i < count; ++i) {
    double value = load(data, i, type);
    finite &= isFinite(value);
    if (isDouble) {
      memcpy(weights + 8 * i, &value, 8);
    } else {
      float single = (float)value;
      memcpy(weights + 4 * i, &single, 4);
    }
  }
  return finite ? 0 : RAVEL_ERROR_NONFINITE;
}

typedef struct {
  void *allocated, *aligned;
  int64_t offset;
  int64_t extents[10];
} Descriptor;

static void describe(Descriptor *descriptor, void *data, int32_t rank,
                     const int64_t *shape) {
  descriptor->allocated = descriptor->aligned = data;
  descriptor->offset = 0;
  int64_t stride = 1;
  for (int32_t i = rank - 1; i >= 0; --i) {
    descriptor->extents[i] = shape[i];
    descriptor->extents[rank + i] = stride;
    stride *= shape[i];
  }
}

/* Computes what functions need of the parameters. The descriptors lie where the
 * compiler has left room for them, before the preparation's workspace. */
static void prepare(const RavelPreparation *preparation, char *weights) {
  int32_t count = preparation->numParameters, next = 0;
  int64_t one = 1;
  char *room = weights + preparation->workspaceOffset;
  Descriptor *descriptors = (Descriptor *)room;
  int32_t total = count + preparation->numPrepared + 1;
  void **pointers = (void **)(descriptors + total);
  for (; next < count; ++next) {
    const RavelArgument *argument = &preparation->parameters[next];
    char *tensor = weights + argument->offset;
    describe(&descriptors[next], tensor, argument->rank, argument->shape);
    pointers[next] = argument->rank ? (void *)&descriptors[next] : tensor;
  }
  for (int32_t i = 0; i < preparation->numPrepared; ++i, ++next) {
    describe(&descriptors[next], weights + preparation->preparedOffsets[i], 1,
             &one);
    pointers[next] = &descriptors[next];
  }
  int64_t used = total * (int64_t)(sizeof(Descriptor) + sizeof(void *));
  used = (used + 63) & -(int64_t)64;
  describe(&descriptors[next], room + used, 1, &preparation->workspaceBytes);
  pointers[next] = &descriptors[next];
  preparation->entry(pointers);
}

int ravel_read_weights(const RavelWeights *description, void *weights,
                       const void *file, size_t fileBytes) {
  if (!weights || !file)
    return RAVEL_ERROR_NULL;
  if ((uintptr_t)weights & 63)
    return RAVEL_ERROR_ALIGNMENT;
  const unsigned char *bytes = file;
  if (fileBytes < 8)
    return RAVEL_ERROR_TRUNCATED;
  uint64_t headerBytes = 0;
  for (int i = 7; i >= 0; --i)
    headerBytes = headerBytes << 8 | bytes[i];
  /* As the format has it: headers are of at most 100 MB. */
  if (headerBytes > 100000000)
    return RAVEL_ERROR_FORMAT;
  if (headerBytes > fileBytes - 8)
    return RAVEL_ERROR_TRUNCATED;
  Parser parser = {bytes + 8, bytes + 8 + headerBytes, 0};
  const unsigned char *data = parser.end;
  int64_t size = (int64_t)(fileBytes - 8 - headerBytes);
  Entry entry;
  int failed = 0;
  findTensor(parser, 0, &entry, &failed);
  if (failed)
    return RAVEL_ERROR_FORMAT;
  for (int32_t i = 0; i < description->numParameters; ++i) {
    const RavelParameter *parameter = &description->parameters[i];
    int error = RAVEL_ERROR_MISSING;
    if (findTensor(parser, parameter->name, &entry, &failed))
      error = readTensor(parameter, &entry, data, size,
                         (char *)weights + parameter->offset);
    if (error)
      return error >= RAVEL_ERROR_MISSING ? error | i << 8 : error;
  }
  for (int32_t i = 0; i < description->numPreparations; ++i)
    prepare(&description->preparations[i], weights);
  return 0;
}

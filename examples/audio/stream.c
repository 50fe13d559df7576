// Plays a WAV file through the compiled overdrive, once sample by sample and
// once in blocks, as an audio plug-in would be called, and says how much faster
// than real time each is:
//
//   stream IN.WAV OUT.WAV [BLOCK]     default: blocks of 64 samples
//
// IN.WAV has one channel of 16-bit integers or 32-bit floats at 48 kHz, OUT.WAV
// floats. Both are read and written as they lie in a little-endian memory.

#include "overdrive.h"

#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

static const uint32_t rate = 48000;

static void fail(const char *what) {
  fprintf(stderr, "stream: %s\n", what);
  exit(1);
}

static void check(int error) {
  if (error)
    fail(overdrive_strerror(error));
}

static void *allocate(size_t bytes) {
  void *memory = malloc(bytes);
  if (!memory)
    fail("out of memory");
  return memory;
}

/// The samples of a WAV file: "RIFF", a size, "WAVE", and then chunks of a
/// name, a size and so many bytes, or one more if they are odd.
static float *read_wav(const char *path, size_t *count) {
  FILE *file = fopen(path, "rb");
  char head[12], format[16] = {0};
  uint16_t kind, channels, bits;
  uint32_t bytes, hertz;
  if (!file || fread(head, 12, 1, file) != 1 || memcmp(head, "RIFF", 4))
    fail("the input is no WAV file");
  for (;; fseek(file, bytes + bytes % 2, SEEK_CUR)) {
    if (fread(head, 8, 1, file) != 1)
      fail("the input has no samples");
    memcpy(&bytes, head + 4, 4);
    if (!memcmp(head, "data", 4))
      break;
    if (!memcmp(head, "fmt ", 4) && bytes >= 16 &&
        fread(format, 16, 1, file) == 1)
      bytes -= 16;
  }
  memcpy(&kind, format, 2);
  memcpy(&channels, format + 2, 2);
  memcpy(&hertz, format + 4, 4);
  memcpy(&bits, format + 14, 2);
  if (channels != 1 || hertz != rate ||
      !((kind == 1 && bits == 16) || (kind == 3 && bits == 32)))
    fail("expected one channel of 16-bit integers or floats at 48 kHz");
  *count = bytes / (bits / 8);
  float *samples = allocate(*count * sizeof(float) + 1);
  *count = fread(samples, bits / 8, *count, file);
  if (kind == 1) // integers are half as long: spread them from the end
    for (size_t i = *count; i-- > 0;) {
      int16_t sample;
      memcpy(&sample, (char *)samples + 2 * i, 2);
      samples[i] = sample / 32768.0f;
    }
  fclose(file);
  if (*count == 0)
    fail("the input has no samples");
  return samples;
}

static void write_wav(const char *path, const float *samples, size_t count) {
  uint32_t bytes = (uint32_t)(count * sizeof(float));
  uint32_t format[] = {16, 3 | 1 << 16, rate, 4 * rate, 4 | 32 << 16};
  uint32_t whole = 36 + bytes;
  FILE *file = fopen(path, "wb");
  if (!file || fwrite("RIFF", 4, 1, file) != 1 ||
      fwrite(&whole, 4, 1, file) != 1 || fwrite("WAVEfmt ", 8, 1, file) != 1 ||
      fwrite(format, sizeof format, 1, file) != 1 ||
      fwrite("data", 4, 1, file) != 1 || fwrite(&bytes, 4, 1, file) != 1 ||
      fwrite(samples, sizeof(float), count, file) != count || fclose(file))
    fail("cannot write the output");
}

/// Processes all samples, in blocks or, if `block` is 0, one by one, from a
/// state at rest.
static void play(void *state, const float *x, float *y, size_t count,
                 size_t block) {
  clock_t begin = clock();
  check(overdrive_reset(state));
  if (block == 0)
    for (size_t i = 0; i < count; ++i)
      check(overdrive_step(state, x + i, y + i));
  else
    for (size_t i = 0; i < count; i += block)
      check(overdrive_steps(state, block < count - i ? block : count - i, x + i,
                            y + i));
  double seconds = (double)(clock() - begin) / CLOCKS_PER_SEC;
  printf(block ? "blocks of %zu: " : "sample by sample: ", block);
  printf("%.0f times real time, %.0f ns a sample\n",
         (double)count / rate / seconds, 1e9 * seconds / (double)count);
}

int main(int argc, char **argv) {
  size_t count, block = argc == 4 ? strtoul(argv[3], NULL, 10) : 64;
  if (argc < 3 || argc > 4 || block == 0)
    fail("usage: stream IN.WAV OUT.WAV [BLOCK]");
  float *x = read_wav(argv[1], &count);
  float *y = allocate(count * sizeof(float) + 1);
  float *z = allocate(count * sizeof(float) + 1);
  char *memory = allocate(overdrive_state_bytes() + 63); // aligned to 64 bytes
  void *state = memory + (64 - (uintptr_t)memory % 64) % 64;

  check(overdrive_init());
  play(state, x, y, count, 0);
  play(state, x, z, count, block);
  if (memcmp(y, z, count * sizeof(float)))
    fail("the two ways differ");
  puts("both give the same samples");
  write_wav(argv[2], y, count);
  free(x), free(y), free(z), free(memory);
  return 0;
}

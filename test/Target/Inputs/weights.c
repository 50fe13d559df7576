/* Reads a file of weights: as it is, cut at each byte, with each bit of its first
 * bytes turned, and from an odd address. Whatever is wrong must give an error;
 * that nothing else happens is the sanitizers' to see. */
#include "model.h"
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static int try(void *weights, const unsigned char *bytes, size_t size) {
  /* A copy of its own: what is read behind its end is seen. */
  unsigned char *copy = malloc(size ? size : 1);
  memcpy(copy, bytes, size);
  int error = model_init(weights, copy, size);
  free(copy);
  return error;
}

int main(int argc, char **argv) {
  static unsigned char bytes[1 << 20];
  FILE *file = argc > 1 ? fopen(argv[1], "rb") : NULL;
  if (!file)
    return 2;
  size_t size = fread(bytes + 1, 1, sizeof bytes - 1, file);
  fclose(file);
  const unsigned char *data = bytes + 1;
  void *weights = aligned_alloc(MODEL_ALIGNMENT, model_weights_bytes());
  printf("whole: %s\n", model_strerror(try(weights, data, size)));
  printf("unaligned: %s\n",
         model_strerror(model_init(weights, data, size)));
  if (argc > 2) {
    size_t accepted = 0;
    for (size_t cut = 0; cut < size; ++cut)
      accepted += try(weights, data, cut) == 0;
    printf("%d cut files accepted\n", (int)accepted);
    size_t header = 8 + data[0] + ((size_t)data[1] << 8), turned = 0;
    for (size_t bit = 0; bit < 8 * header; ++bit) {
      bytes[1 + bit / 8] ^= (unsigned char)(1u << bit % 8);
      int error = try(weights, data, size);
      bytes[1 + bit / 8] ^= (unsigned char)(1u << bit % 8);
      turned += error != 0;
      if (!model_strerror(error)[0])
        return 3;
    }
    printf("%d%% of turned bits noticed\n", (int)(100 * turned / (8 * header)));
  }
  printf("null: %s\n", model_strerror(model_init(NULL, data, size)));
  printf("odd: %s\n",
         model_strerror(model_init((char *)weights + 4, data, size)));
  free(weights);
  return 0;
}

#include <best.h>
#include <gnu.h>
#include <last_f64.h>
#include <llvm.h>
#include <stdio.h>

int main(void) {
  if (best_init() || last_f64_init())
    return puts("not initialized"), 1;
  /* Nothing is no safetensors file. */
  if (!gnu_init(NULL, NULL, 0) || !llvm_init(NULL, NULL, 0))
    return puts("initialized"), 1;
  puts("as expected");
  return 0;
}

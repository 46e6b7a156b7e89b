// A passing test under AddressSanitizer: its leak check at the exit finds nothing.
#include <cstdio>
#include <memory>
#include <vector>

int* kept;

int main() {
  kept = new int(1);
  std::vector<std::unique_ptr<int>> values;
  for (int i = 0; i < 100; ++i) values.push_back(std::make_unique<int>(i));
  std::printf("%d\n", *values.back());
}

// A deadlock of a thread with itself.
#include <mutex>

int reached = 0;

int main() {
  std::mutex mutex;
  reached = 1;  // LINE one
  mutex.lock();
  reached = 2;   // LINE two
  mutex.lock();  // LINE hang
  return 0;
}

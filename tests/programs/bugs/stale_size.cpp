// A copy that asks for the size, makes room, and copies: three steps under three locks.
#include <mutex>
#include <string>
#include <thread>

#include "bug.h"

namespace {

class Text {
 public:
  std::size_t size() {
    const std::lock_guard lock(mutex_);
    return text_.size();
  }
  void append(const std::string& more) {
    const std::lock_guard lock(mutex_);
    text_ += more;
  }
  void copy_to(std::string& target) {
    const std::lock_guard lock(mutex_);
    if (target.size() < text_.size()) bug_shows("copied beyond the end");
    for (std::size_t i = 0; i < text_.size(); ++i) target[i] = text_[i];
  }

 private:
  std::mutex mutex_;
  std::string text_ = "begin";
};

}  // namespace

int main() {
  Text text;
  std::thread writer([&] { text.append(" and more that does not fit"); });
  std::string copy(text.size(), ' ');
  text.copy_to(copy);
  writer.join();
}

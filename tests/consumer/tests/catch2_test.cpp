#if __has_include(<catch2/catch_all.hpp>)
#include <catch2/catch_all.hpp>
#else
#define CATCH_CONFIG_MAIN
#include <catch2/catch.hpp>
#endif

#include <random>

TEST_CASE("a draw, never [zero]; or \"is it\"") { CHECK(std::random_device()() % 8 != 0); }
TEST_CASE("calm") { CHECK(1 + 1 == 2); }
TEST_CASE("hidden", "[.]") { CHECK(false); }

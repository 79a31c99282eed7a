/* SPDX-License-Identifier: MIT */
/*
 * Tokens and what is to be found about each at VECTORS_NOW_S with VECTORS_VERSION. They were signed by
 * Python's hmac and hashlib, with VECTORS_SECRET unless their name says otherwise.
 */
#ifndef TESTS_UNIT_PROTOCOL_VECTORS_H
#define TESTS_UNIT_PROTOCOL_VECTORS_H

#include "verify.h"

/* Has a NUL byte before its last character. */
#define VECTORS_SECRET       "a secret that nobody uses, with 0x00 inside: \0!"
#define VECTORS_SECRET_BYTES (sizeof(VECTORS_SECRET) - 1)
#define VECTORS_VERSION      "20260327.4"
#define VECTORS_NOW_S        INT64_C(1800000000)
#define VECTORS_EXPIRES_AT_S INT64_C(2000000000) /* of those that are valid */

static const struct {
    enum verify_result result;
    const char *name;
    const char *token;
} vectors[] = {
    {VERIFY_VALID, "real",
     "eyJhbGciOiJIUzI1NiJ9.eyJ2ZXIiOjEsImRlcGxveW1lbnQiOiJkZXBsb3ltZW50XzEiLCJkZXBsb3ltZW50X3Z"
     "lcnNpb24iOiIyMDI2MDMyNy40IiwiZW52aXJvbm1lbnRfaWQiOiJlbnZfMSIsImVudmlyb25tZW50X3R5cGUiOiJ"
     "QUk9EVUNUSU9OIiwib3JnX2lkIjoib3JnXzEiLCJwcm9qZWN0X2lkIjoicHJval8xIiwiaXNzIjoiaHR0cHM6Ly9"
     "pZC50cmlnZ2VyLmRldiIsImF1ZCI6Imh0dHBzOi8vYXBpLnRyaWdnZXIuZGV2IiwiZXhwIjoyMDAwMDAwMDAwfQ."
     "x7Qca9vudyal5H06CL9TQ0x8wLRyjrEUYzX1GC6V__s"},
    {VERIFY_VALID, "typ",
     "eyJ0eXAiOiJKV1QiLCJhbGciOiJIUzI1NiJ9.eyJ2ZXIiOjEsImRlcGxveW1lbnQiOiJkZXBsb3ltZW50XzEiLCJ"
     "kZXBsb3ltZW50X3ZlcnNpb24iOiIyMDI2MDMyNy40IiwiZW52aXJvbm1lbnRfaWQiOiJlbnZfMSIsImVudmlyb25"
     "tZW50X3R5cGUiOiJQUk9EVUNUSU9OIiwib3JnX2lkIjoib3JnXzEiLCJwcm9qZWN0X2lkIjoicHJval8xIiwiaXN"
     "zIjoiaHR0cHM6Ly9pZC50cmlnZ2VyLmRldiIsImF1ZCI6Imh0dHBzOi8vYXBpLnRyaWdnZXIuZGV2IiwiZXhwIjo"
     "yMDAwMDAwMDAwfQ.4mzInSMbPSSQycEOw-v1XjE0_kSTp_w8a7kw1RQhx30"},
    {VERIFY_VALID, "alg_escaped",
     "eyJhbGciOiJIU1x1MDAzMlx1MDAzNVx1MDAzNiJ9.eyJ2ZXIiOjEsImRlcGxveW1lbnQiOiJkZXBsb3ltZW50XzE"
     "iLCJkZXBsb3ltZW50X3ZlcnNpb24iOiIyMDI2MDMyNy40IiwiZW52aXJvbm1lbnRfaWQiOiJlbnZfMSIsImVudml"
     "yb25tZW50X3R5cGUiOiJQUk9EVUNUSU9OIiwib3JnX2lkIjoib3JnXzEiLCJwcm9qZWN0X2lkIjoicHJval8xIiw"
     "iaXNzIjoiaHR0cHM6Ly9pZC50cmlnZ2VyLmRldiIsImF1ZCI6Imh0dHBzOi8vYXBpLnRyaWdnZXIuZGV2IiwiZXh"
     "wIjoyMDAwMDAwMDAwfQ.jfXVFkw-ipi9S0Kl23WeFEGzp91YNaYfV3e0TbuhbaQ"},
    {VERIFY_VALID, "begun",
     "eyJhbGciOiJIUzI1NiJ9.eyJ2ZXIiOjEsImRlcGxveW1lbnQiOiJkZXBsb3ltZW50XzEiLCJkZXBsb3ltZW50X3Z"
     "lcnNpb24iOiIyMDI2MDMyNy40IiwiZW52aXJvbm1lbnRfaWQiOiJlbnZfMSIsImVudmlyb25tZW50X3R5cGUiOiJ"
     "QUk9EVUNUSU9OIiwib3JnX2lkIjoib3JnXzEiLCJwcm9qZWN0X2lkIjoicHJval8xIiwiaXNzIjoiaHR0cHM6Ly9"
     "pZC50cmlnZ2VyLmRldiIsImF1ZCI6Imh0dHBzOi8vYXBpLnRyaWdnZXIuZGV2IiwiZXhwIjoyMDAwMDAwMDAwLCJ"
     "uYmYiOjE1MDAwMDAwMDB9.A0z_00QlK7sP2LAUkURRoVzi6ho24cOHOyyd43jF1vA"},
    {VERIFY_VALID, "other_deployment",
     "eyJhbGciOiJIUzI1NiJ9.eyJ2ZXIiOjEsImRlcGxveW1lbnQiOiJkZXBsb3ltZW50XzIiLCJkZXBsb3ltZW50X3Z"
     "lcnNpb24iOiIyMDI2MDMyNy40IiwiZW52aXJvbm1lbnRfaWQiOiJlbnZfMSIsImVudmlyb25tZW50X3R5cGUiOiJ"
     "QUk9EVUNUSU9OIiwib3JnX2lkIjoib3JnXzEiLCJwcm9qZWN0X2lkIjoicHJval8xIiwiaXNzIjoiaHR0cHM6Ly9"
     "pZC50cmlnZ2VyLmRldiIsImF1ZCI6Imh0dHBzOi8vYXBpLnRyaWdnZXIuZGV2IiwiZXhwIjoyMDAwMDAwMDAwfQ."
     "N49t3DdVk6rlGQveRQFPLFdVG3aj3nAq4cSMeh6r7M4"},
    {VERIFY_SIGNATURE, "other_secret",
     "eyJhbGciOiJIUzI1NiJ9.eyJ2ZXIiOjEsImRlcGxveW1lbnQiOiJkZXBsb3ltZW50XzEiLCJkZXBsb3ltZW50X3Z"
     "lcnNpb24iOiIyMDI2MDMyNy40IiwiZW52aXJvbm1lbnRfaWQiOiJlbnZfMSIsImVudmlyb25tZW50X3R5cGUiOiJ"
     "QUk9EVUNUSU9OIiwib3JnX2lkIjoib3JnXzEiLCJwcm9qZWN0X2lkIjoicHJval8xIiwiaXNzIjoiaHR0cHM6Ly9"
     "pZC50cmlnZ2VyLmRldiIsImF1ZCI6Imh0dHBzOi8vYXBpLnRyaWdnZXIuZGV2IiwiZXhwIjoyMDAwMDAwMDAwfQ."
     "arXoKb8H4IsQcLxE9z3w0cTg2btbBiiT3bJ4LCCRHI0"},
    {VERIFY_SIGNATURE, "secret_cut_at_nul",
     "eyJhbGciOiJIUzI1NiJ9.eyJ2ZXIiOjEsImRlcGxveW1lbnQiOiJkZXBsb3ltZW50XzEiLCJkZXBsb3ltZW50X3Z"
     "lcnNpb24iOiIyMDI2MDMyNy40IiwiZW52aXJvbm1lbnRfaWQiOiJlbnZfMSIsImVudmlyb25tZW50X3R5cGUiOiJ"
     "QUk9EVUNUSU9OIiwib3JnX2lkIjoib3JnXzEiLCJwcm9qZWN0X2lkIjoicHJval8xIiwiaXNzIjoiaHR0cHM6Ly9"
     "pZC50cmlnZ2VyLmRldiIsImF1ZCI6Imh0dHBzOi8vYXBpLnRyaWdnZXIuZGV2IiwiZXhwIjoyMDAwMDAwMDAwfQ."
     "0scv4ARmliBuiwOZ-u-VfhRSW6YbtURzC58UHJ85tes"},
    {VERIFY_SIGNATURE, "empty_secret",
     "eyJhbGciOiJIUzI1NiJ9.eyJ2ZXIiOjEsImRlcGxveW1lbnQiOiJkZXBsb3ltZW50XzEiLCJkZXBsb3ltZW50X3Z"
     "lcnNpb24iOiIyMDI2MDMyNy40IiwiZW52aXJvbm1lbnRfaWQiOiJlbnZfMSIsImVudmlyb25tZW50X3R5cGUiOiJ"
     "QUk9EVUNUSU9OIiwib3JnX2lkIjoib3JnXzEiLCJwcm9qZWN0X2lkIjoicHJval8xIiwiaXNzIjoiaHR0cHM6Ly9"
     "pZC50cmlnZ2VyLmRldiIsImF1ZCI6Imh0dHBzOi8vYXBpLnRyaWdnZXIuZGV2IiwiZXhwIjoyMDAwMDAwMDAwfQ."
     "SMR2S4Y61s5GbI4xMMO4_vyFGtay44tha48Ze0uzdcc"},
    {VERIFY_SIGNATURE, "half_signature",
     "eyJhbGciOiJIUzI1NiJ9.eyJ2ZXIiOjEsImRlcGxveW1lbnQiOiJkZXBsb3ltZW50XzEiLCJkZXBsb3ltZW50X3Z"
     "lcnNpb24iOiIyMDI2MDMyNy40IiwiZW52aXJvbm1lbnRfaWQiOiJlbnZfMSIsImVudmlyb25tZW50X3R5cGUiOiJ"
     "QUk9EVUNUSU9OIiwib3JnX2lkIjoib3JnXzEiLCJwcm9qZWN0X2lkIjoicHJval8xIiwiaXNzIjoiaHR0cHM6Ly9"
     "pZC50cmlnZ2VyLmRldiIsImF1ZCI6Imh0dHBzOi8vYXBpLnRyaWdnZXIuZGV2IiwiZXhwIjoyMDAwMDAwMDAwfQ."
     "x7Qca9vudyal5H06CL9TQw"},
    {VERIFY_SIGNATURE, "zero_signature",
     "eyJhbGciOiJIUzI1NiJ9.eyJ2ZXIiOjEsImRlcGxveW1lbnQiOiJkZXBsb3ltZW50XzEiLCJkZXBsb3ltZW50X3Z"
     "lcnNpb24iOiIyMDI2MDMyNy40IiwiZW52aXJvbm1lbnRfaWQiOiJlbnZfMSIsImVudmlyb25tZW50X3R5cGUiOiJ"
     "QUk9EVUNUSU9OIiwib3JnX2lkIjoib3JnXzEiLCJwcm9qZWN0X2lkIjoicHJval8xIiwiaXNzIjoiaHR0cHM6Ly9"
     "pZC50cmlnZ2VyLmRldiIsImF1ZCI6Imh0dHBzOi8vYXBpLnRyaWdnZXIuZGV2IiwiZXhwIjoyMDAwMDAwMDAwfQ."
     "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA"},
    {VERIFY_ALGORITHM, "none",
     "eyJhbGciOiJub25lIn0.eyJ2ZXIiOjEsImRlcGxveW1lbnQiOiJkZXBsb3ltZW50XzEiLCJkZXBsb3ltZW50X3Zl"
     "cnNpb24iOiIyMDI2MDMyNy40IiwiZW52aXJvbm1lbnRfaWQiOiJlbnZfMSIsImVudmlyb25tZW50X3R5cGUiOiJQ"
     "Uk9EVUNUSU9OIiwib3JnX2lkIjoib3JnXzEiLCJwcm9qZWN0X2lkIjoicHJval8xIiwiaXNzIjoiaHR0cHM6Ly9p"
     "ZC50cmlnZ2VyLmRldiIsImF1ZCI6Imh0dHBzOi8vYXBpLnRyaWdnZXIuZGV2IiwiZXhwIjoyMDAwMDAwMDAwfQ.L"
     "edWvTqJJ8bgxLqw4Pf3snqcACReVpjkqeJe13NVBS0"},
    {VERIFY_ALGORITHM, "None",
     "eyJhbGciOiJOb25lIn0.eyJ2ZXIiOjEsImRlcGxveW1lbnQiOiJkZXBsb3ltZW50XzEiLCJkZXBsb3ltZW50X3Zl"
     "cnNpb24iOiIyMDI2MDMyNy40IiwiZW52aXJvbm1lbnRfaWQiOiJlbnZfMSIsImVudmlyb25tZW50X3R5cGUiOiJQ"
     "Uk9EVUNUSU9OIiwib3JnX2lkIjoib3JnXzEiLCJwcm9qZWN0X2lkIjoicHJval8xIiwiaXNzIjoiaHR0cHM6Ly9p"
     "ZC50cmlnZ2VyLmRldiIsImF1ZCI6Imh0dHBzOi8vYXBpLnRyaWdnZXIuZGV2IiwiZXhwIjoyMDAwMDAwMDAwfQ.0"
     "S4dqpOiGdcD7AOyhK_ol1OfpyrfwuHtmiqqOm97LnU"},
    {VERIFY_ALGORITHM, "NONE",
     "eyJhbGciOiJOT05FIn0.eyJ2ZXIiOjEsImRlcGxveW1lbnQiOiJkZXBsb3ltZW50XzEiLCJkZXBsb3ltZW50X3Zl"
     "cnNpb24iOiIyMDI2MDMyNy40IiwiZW52aXJvbm1lbnRfaWQiOiJlbnZfMSIsImVudmlyb25tZW50X3R5cGUiOiJQ"
     "Uk9EVUNUSU9OIiwib3JnX2lkIjoib3JnXzEiLCJwcm9qZWN0X2lkIjoicHJval8xIiwiaXNzIjoiaHR0cHM6Ly9p"
     "ZC50cmlnZ2VyLmRldiIsImF1ZCI6Imh0dHBzOi8vYXBpLnRyaWdnZXIuZGV2IiwiZXhwIjoyMDAwMDAwMDAwfQ.8"
     "f8UkzAZytAl5ab6XNJllpPaMjmP-C1HN-R02nZ4aN0"},
    {VERIFY_ALGORITHM, "none_zero_signature",
     "eyJhbGciOiJub25lIn0.eyJ2ZXIiOjEsImRlcGxveW1lbnQiOiJkZXBsb3ltZW50XzEiLCJkZXBsb3ltZW50X3Zl"
     "cnNpb24iOiIyMDI2MDMyNy40IiwiZW52aXJvbm1lbnRfaWQiOiJlbnZfMSIsImVudmlyb25tZW50X3R5cGUiOiJQ"
     "Uk9EVUNUSU9OIiwib3JnX2lkIjoib3JnXzEiLCJwcm9qZWN0X2lkIjoicHJval8xIiwiaXNzIjoiaHR0cHM6Ly9p"
     "ZC50cmlnZ2VyLmRldiIsImF1ZCI6Imh0dHBzOi8vYXBpLnRyaWdnZXIuZGV2IiwiZXhwIjoyMDAwMDAwMDAwfQ.A"
     "A"},
    {VERIFY_ALGORITHM, "rs256_with_the_secret",
     "eyJhbGciOiJSUzI1NiJ9.eyJ2ZXIiOjEsImRlcGxveW1lbnQiOiJkZXBsb3ltZW50XzEiLCJkZXBsb3ltZW50X3Z"
     "lcnNpb24iOiIyMDI2MDMyNy40IiwiZW52aXJvbm1lbnRfaWQiOiJlbnZfMSIsImVudmlyb25tZW50X3R5cGUiOiJ"
     "QUk9EVUNUSU9OIiwib3JnX2lkIjoib3JnXzEiLCJwcm9qZWN0X2lkIjoicHJval8xIiwiaXNzIjoiaHR0cHM6Ly9"
     "pZC50cmlnZ2VyLmRldiIsImF1ZCI6Imh0dHBzOi8vYXBpLnRyaWdnZXIuZGV2IiwiZXhwIjoyMDAwMDAwMDAwfQ."
     "OvGkOT2W_xaON9ARxpJ12qAapJ02VhN7adMu4lFuvYE"},
    {VERIFY_ALGORITHM, "hs512",
     "eyJhbGciOiJIUzUxMiJ9.eyJ2ZXIiOjEsImRlcGxveW1lbnQiOiJkZXBsb3ltZW50XzEiLCJkZXBsb3ltZW50X3Z"
     "lcnNpb24iOiIyMDI2MDMyNy40IiwiZW52aXJvbm1lbnRfaWQiOiJlbnZfMSIsImVudmlyb25tZW50X3R5cGUiOiJ"
     "QUk9EVUNUSU9OIiwib3JnX2lkIjoib3JnXzEiLCJwcm9qZWN0X2lkIjoicHJval8xIiwiaXNzIjoiaHR0cHM6Ly9"
     "pZC50cmlnZ2VyLmRldiIsImF1ZCI6Imh0dHBzOi8vYXBpLnRyaWdnZXIuZGV2IiwiZXhwIjoyMDAwMDAwMDAwfQ."
     "-h0RfKGRe9iDy1SAZsOMODrGQFDffObJymFm9mlOAnOV1Zbf4He420N0_sn8tu6qi-2yfTcuJqDge-laeSKnEw"},
    {VERIFY_ALGORITHM, "hs384",
     "eyJhbGciOiJIUzM4NCJ9.eyJ2ZXIiOjEsImRlcGxveW1lbnQiOiJkZXBsb3ltZW50XzEiLCJkZXBsb3ltZW50X3Z"
     "lcnNpb24iOiIyMDI2MDMyNy40IiwiZW52aXJvbm1lbnRfaWQiOiJlbnZfMSIsImVudmlyb25tZW50X3R5cGUiOiJ"
     "QUk9EVUNUSU9OIiwib3JnX2lkIjoib3JnXzEiLCJwcm9qZWN0X2lkIjoicHJval8xIiwiaXNzIjoiaHR0cHM6Ly9"
     "pZC50cmlnZ2VyLmRldiIsImF1ZCI6Imh0dHBzOi8vYXBpLnRyaWdnZXIuZGV2IiwiZXhwIjoyMDAwMDAwMDAwfQ."
     "z89pZVROfJE1dXq_mAgMXco2eWB9zvsVAHxkM7GghWV3h-bEqcjIJeLw3hpJQatg"},
    {VERIFY_ALGORITHM, "hs512_with_sha256",
     "eyJhbGciOiJIUzUxMiJ9.eyJ2ZXIiOjEsImRlcGxveW1lbnQiOiJkZXBsb3ltZW50XzEiLCJkZXBsb3ltZW50X3Z"
     "lcnNpb24iOiIyMDI2MDMyNy40IiwiZW52aXJvbm1lbnRfaWQiOiJlbnZfMSIsImVudmlyb25tZW50X3R5cGUiOiJ"
     "QUk9EVUNUSU9OIiwib3JnX2lkIjoib3JnXzEiLCJwcm9qZWN0X2lkIjoicHJval8xIiwiaXNzIjoiaHR0cHM6Ly9"
     "pZC50cmlnZ2VyLmRldiIsImF1ZCI6Imh0dHBzOi8vYXBpLnRyaWdnZXIuZGV2IiwiZXhwIjoyMDAwMDAwMDAwfQ."
     "uN9GWO5TizhDcfX0s2WXTMD1Y5Qh4MTL0gyk77-IWcs"},
    {VERIFY_ALGORITHM, "lower_case",
     "eyJhbGciOiJoczI1NiJ9.eyJ2ZXIiOjEsImRlcGxveW1lbnQiOiJkZXBsb3ltZW50XzEiLCJkZXBsb3ltZW50X3Z"
     "lcnNpb24iOiIyMDI2MDMyNy40IiwiZW52aXJvbm1lbnRfaWQiOiJlbnZfMSIsImVudmlyb25tZW50X3R5cGUiOiJ"
     "QUk9EVUNUSU9OIiwib3JnX2lkIjoib3JnXzEiLCJwcm9qZWN0X2lkIjoicHJval8xIiwiaXNzIjoiaHR0cHM6Ly9"
     "pZC50cmlnZ2VyLmRldiIsImF1ZCI6Imh0dHBzOi8vYXBpLnRyaWdnZXIuZGV2IiwiZXhwIjoyMDAwMDAwMDAwfQ."
     "InKRz-HUvzPoNMZlmrzQsoT7Tr9wHCvw_x1pfFhvD3I"},
    {VERIFY_ALGORITHM, "blank_behind",
     "eyJhbGciOiJIUzI1NiAifQ.eyJ2ZXIiOjEsImRlcGxveW1lbnQiOiJkZXBsb3ltZW50XzEiLCJkZXBsb3ltZW50X"
     "3ZlcnNpb24iOiIyMDI2MDMyNy40IiwiZW52aXJvbm1lbnRfaWQiOiJlbnZfMSIsImVudmlyb25tZW50X3R5cGUiO"
     "iJQUk9EVUNUSU9OIiwib3JnX2lkIjoib3JnXzEiLCJwcm9qZWN0X2lkIjoicHJval8xIiwiaXNzIjoiaHR0cHM6L"
     "y9pZC50cmlnZ2VyLmRldiIsImF1ZCI6Imh0dHBzOi8vYXBpLnRyaWdnZXIuZGV2IiwiZXhwIjoyMDAwMDAwMDAwf"
     "Q.jghFLef6zg20J7BM_cBe-2Gwwz3-fck0iYlUKnLh5Qo"},
    {VERIFY_ALGORITHM, "nul_behind",
     "eyJhbGciOiJIUzI1Nlx1MDAwMCJ9.eyJ2ZXIiOjEsImRlcGxveW1lbnQiOiJkZXBsb3ltZW50XzEiLCJkZXBsb3l"
     "tZW50X3ZlcnNpb24iOiIyMDI2MDMyNy40IiwiZW52aXJvbm1lbnRfaWQiOiJlbnZfMSIsImVudmlyb25tZW50X3R"
     "5cGUiOiJQUk9EVUNUSU9OIiwib3JnX2lkIjoib3JnXzEiLCJwcm9qZWN0X2lkIjoicHJval8xIiwiaXNzIjoiaHR"
     "0cHM6Ly9pZC50cmlnZ2VyLmRldiIsImF1ZCI6Imh0dHBzOi8vYXBpLnRyaWdnZXIuZGV2IiwiZXhwIjoyMDAwMDA"
     "wMDAwfQ.HQm44C9-zXZcb50jFxDQA_3WwaB8-Fw8EsORX3Cnjxw"},
    {VERIFY_ALGORITHM, "missing",
     "eyJ0eXAiOiJKV1QifQ.eyJ2ZXIiOjEsImRlcGxveW1lbnQiOiJkZXBsb3ltZW50XzEiLCJkZXBsb3ltZW50X3Zlc"
     "nNpb24iOiIyMDI2MDMyNy40IiwiZW52aXJvbm1lbnRfaWQiOiJlbnZfMSIsImVudmlyb25tZW50X3R5cGUiOiJQU"
     "k9EVUNUSU9OIiwib3JnX2lkIjoib3JnXzEiLCJwcm9qZWN0X2lkIjoicHJval8xIiwiaXNzIjoiaHR0cHM6Ly9pZ"
     "C50cmlnZ2VyLmRldiIsImF1ZCI6Imh0dHBzOi8vYXBpLnRyaWdnZXIuZGV2IiwiZXhwIjoyMDAwMDAwMDAwfQ.pl"
     "ZfjUDqXrbuN8UO4eppP1n5Ifx7neJFjjCjutg_1BA"},
    {VERIFY_ALGORITHM, "number",
     "eyJhbGciOjI1Nn0.eyJ2ZXIiOjEsImRlcGxveW1lbnQiOiJkZXBsb3ltZW50XzEiLCJkZXBsb3ltZW50X3ZlcnNp"
     "b24iOiIyMDI2MDMyNy40IiwiZW52aXJvbm1lbnRfaWQiOiJlbnZfMSIsImVudmlyb25tZW50X3R5cGUiOiJQUk9E"
     "VUNUSU9OIiwib3JnX2lkIjoib3JnXzEiLCJwcm9qZWN0X2lkIjoicHJval8xIiwiaXNzIjoiaHR0cHM6Ly9pZC50"
     "cmlnZ2VyLmRldiIsImF1ZCI6Imh0dHBzOi8vYXBpLnRyaWdnZXIuZGV2IiwiZXhwIjoyMDAwMDAwMDAwfQ.tE6u_"
     "lnq0sLx8W4Agtv28ZImDdtSZhsG2eZw8MHMGCk"},
    {VERIFY_ALGORITHM, "array",
     "eyJhbGciOlsiSFMyNTYiXX0.eyJ2ZXIiOjEsImRlcGxveW1lbnQiOiJkZXBsb3ltZW50XzEiLCJkZXBsb3ltZW50"
     "X3ZlcnNpb24iOiIyMDI2MDMyNy40IiwiZW52aXJvbm1lbnRfaWQiOiJlbnZfMSIsImVudmlyb25tZW50X3R5cGUi"
     "OiJQUk9EVUNUSU9OIiwib3JnX2lkIjoib3JnXzEiLCJwcm9qZWN0X2lkIjoicHJval8xIiwiaXNzIjoiaHR0cHM6"
     "Ly9pZC50cmlnZ2VyLmRldiIsImF1ZCI6Imh0dHBzOi8vYXBpLnRyaWdnZXIuZGV2IiwiZXhwIjoyMDAwMDAwMDAw"
     "fQ.alWah8r_w-sUnqJv4JAfnIhsHD0ZfDvBcb5Eu2NRtD0"},
    {VERIFY_ALGORITHM, "null",
     "eyJhbGciOm51bGx9.eyJ2ZXIiOjEsImRlcGxveW1lbnQiOiJkZXBsb3ltZW50XzEiLCJkZXBsb3ltZW50X3ZlcnN"
     "pb24iOiIyMDI2MDMyNy40IiwiZW52aXJvbm1lbnRfaWQiOiJlbnZfMSIsImVudmlyb25tZW50X3R5cGUiOiJQUk9"
     "EVUNUSU9OIiwib3JnX2lkIjoib3JnXzEiLCJwcm9qZWN0X2lkIjoicHJval8xIiwiaXNzIjoiaHR0cHM6Ly9pZC5"
     "0cmlnZ2VyLmRldiIsImF1ZCI6Imh0dHBzOi8vYXBpLnRyaWdnZXIuZGV2IiwiZXhwIjoyMDAwMDAwMDAwfQ.ig5S"
     "s0AZ9Ol4FgEmkvsBwK8eAPbXfI4vuMAVxMgihhU"},
    {VERIFY_ALGORITHM, "twice",
     "eyJhbGciOiJIUzI1NiIsImFsZyI6Im5vbmUifQ.eyJ2ZXIiOjEsImRlcGxveW1lbnQiOiJkZXBsb3ltZW50XzEiL"
     "CJkZXBsb3ltZW50X3ZlcnNpb24iOiIyMDI2MDMyNy40IiwiZW52aXJvbm1lbnRfaWQiOiJlbnZfMSIsImVudmlyb"
     "25tZW50X3R5cGUiOiJQUk9EVUNUSU9OIiwib3JnX2lkIjoib3JnXzEiLCJwcm9qZWN0X2lkIjoicHJval8xIiwia"
     "XNzIjoiaHR0cHM6Ly9pZC50cmlnZ2VyLmRldiIsImF1ZCI6Imh0dHBzOi8vYXBpLnRyaWdnZXIuZGV2IiwiZXhwI"
     "joyMDAwMDAwMDAwfQ.-M8dX3wYqT_GUSNjJ8zie3k_gUHGusT97ZU4e5HEUzk"},
    {VERIFY_ALGORITHM, "crit",
     "eyJhbGciOiJIUzI1NiIsImNyaXQiOlsiYjY0Il0sImI2NCI6ZmFsc2V9.eyJ2ZXIiOjEsImRlcGxveW1lbnQiOiJ"
     "kZXBsb3ltZW50XzEiLCJkZXBsb3ltZW50X3ZlcnNpb24iOiIyMDI2MDMyNy40IiwiZW52aXJvbm1lbnRfaWQiOiJ"
     "lbnZfMSIsImVudmlyb25tZW50X3R5cGUiOiJQUk9EVUNUSU9OIiwib3JnX2lkIjoib3JnXzEiLCJwcm9qZWN0X2l"
     "kIjoicHJval8xIiwiaXNzIjoiaHR0cHM6Ly9pZC50cmlnZ2VyLmRldiIsImF1ZCI6Imh0dHBzOi8vYXBpLnRyaWd"
     "nZXIuZGV2IiwiZXhwIjoyMDAwMDAwMDAwfQ.yqkEqMlz_acFUgw8qedyOSZpjCs8zntcwj_nBdnGKhI"},
    {VERIFY_MALFORMED, "header_array",
     "W3siYWxnIjoiSFMyNTYifV0.eyJ2ZXIiOjEsImRlcGxveW1lbnQiOiJkZXBsb3ltZW50XzEiLCJkZXBsb3ltZW50"
     "X3ZlcnNpb24iOiIyMDI2MDMyNy40IiwiZW52aXJvbm1lbnRfaWQiOiJlbnZfMSIsImVudmlyb25tZW50X3R5cGUi"
     "OiJQUk9EVUNUSU9OIiwib3JnX2lkIjoib3JnXzEiLCJwcm9qZWN0X2lkIjoicHJval8xIiwiaXNzIjoiaHR0cHM6"
     "Ly9pZC50cmlnZ2VyLmRldiIsImF1ZCI6Imh0dHBzOi8vYXBpLnRyaWdnZXIuZGV2IiwiZXhwIjoyMDAwMDAwMDAw"
     "fQ.YlWZgozUnqlS-WrTsKalYU7NJ3rUQTwdEw8IBqZF-Rc"},
    {VERIFY_MALFORMED, "header_text",
     "SFMyNTY.eyJ2ZXIiOjEsImRlcGxveW1lbnQiOiJkZXBsb3ltZW50XzEiLCJkZXBsb3ltZW50X3ZlcnNpb24iOiIy"
     "MDI2MDMyNy40IiwiZW52aXJvbm1lbnRfaWQiOiJlbnZfMSIsImVudmlyb25tZW50X3R5cGUiOiJQUk9EVUNUSU9O"
     "Iiwib3JnX2lkIjoib3JnXzEiLCJwcm9qZWN0X2lkIjoicHJval8xIiwiaXNzIjoiaHR0cHM6Ly9pZC50cmlnZ2Vy"
     "LmRldiIsImF1ZCI6Imh0dHBzOi8vYXBpLnRyaWdnZXIuZGV2IiwiZXhwIjoyMDAwMDAwMDAwfQ.ftkIN_nD-NVlI"
     "vJEEo7_5Kn7sPuyf-sdg1E1HPx308k"},
    {VERIFY_MALFORMED, "header_rubbish_behind",
     "eyJhbGciOiJIUzI1NiJ9fQ.eyJ2ZXIiOjEsImRlcGxveW1lbnQiOiJkZXBsb3ltZW50XzEiLCJkZXBsb3ltZW50X"
     "3ZlcnNpb24iOiIyMDI2MDMyNy40IiwiZW52aXJvbm1lbnRfaWQiOiJlbnZfMSIsImVudmlyb25tZW50X3R5cGUiO"
     "iJQUk9EVUNUSU9OIiwib3JnX2lkIjoib3JnXzEiLCJwcm9qZWN0X2lkIjoicHJval8xIiwiaXNzIjoiaHR0cHM6L"
     "y9pZC50cmlnZ2VyLmRldiIsImF1ZCI6Imh0dHBzOi8vYXBpLnRyaWdnZXIuZGV2IiwiZXhwIjoyMDAwMDAwMDAwf"
     "Q.3qeQxM2xa3p_LCRXd2SgM1r3PvD7mvhfrVGDYuBlyfo"},
    {VERIFY_MALFORMED, "header_not_utf8",
     "eyJhbGciOiJIUzI1NiIsImEiOiL_In0.eyJ2ZXIiOjEsImRlcGxveW1lbnQiOiJkZXBsb3ltZW50XzEiLCJkZXBs"
     "b3ltZW50X3ZlcnNpb24iOiIyMDI2MDMyNy40IiwiZW52aXJvbm1lbnRfaWQiOiJlbnZfMSIsImVudmlyb25tZW50"
     "X3R5cGUiOiJQUk9EVUNUSU9OIiwib3JnX2lkIjoib3JnXzEiLCJwcm9qZWN0X2lkIjoicHJval8xIiwiaXNzIjoi"
     "aHR0cHM6Ly9pZC50cmlnZ2VyLmRldiIsImF1ZCI6Imh0dHBzOi8vYXBpLnRyaWdnZXIuZGV2IiwiZXhwIjoyMDAw"
     "MDAwMDAwfQ.I9RHR_sLTdTCeVdp32PGXuG83oxEOt61s8nOTi8LPlA"},
    {VERIFY_FORMAT, "ver_2",
     "eyJhbGciOiJIUzI1NiJ9.eyJ2ZXIiOjIsImRlcGxveW1lbnQiOiJkZXBsb3ltZW50XzEiLCJkZXBsb3ltZW50X3Z"
     "lcnNpb24iOiIyMDI2MDMyNy40IiwiZW52aXJvbm1lbnRfaWQiOiJlbnZfMSIsImVudmlyb25tZW50X3R5cGUiOiJ"
     "QUk9EVUNUSU9OIiwib3JnX2lkIjoib3JnXzEiLCJwcm9qZWN0X2lkIjoicHJval8xIiwiaXNzIjoiaHR0cHM6Ly9"
     "pZC50cmlnZ2VyLmRldiIsImF1ZCI6Imh0dHBzOi8vYXBpLnRyaWdnZXIuZGV2IiwiZXhwIjoyMDAwMDAwMDAwfQ."
     "abl45NMce0nEYL6OidoXCcvQH_TRe3_eG3RjyUAemvA"},
    {VERIFY_FORMAT, "ver_missing",
     "eyJhbGciOiJIUzI1NiJ9.eyJkZXBsb3ltZW50IjoiZGVwbG95bWVudF8xIiwiZGVwbG95bWVudF92ZXJzaW9uIjo"
     "iMjAyNjAzMjcuNCIsImVudmlyb25tZW50X2lkIjoiZW52XzEiLCJlbnZpcm9ubWVudF90eXBlIjoiUFJPRFVDVEl"
     "PTiIsIm9yZ19pZCI6Im9yZ18xIiwicHJvamVjdF9pZCI6InByb2pfMSIsImlzcyI6Imh0dHBzOi8vaWQudHJpZ2d"
     "lci5kZXYiLCJhdWQiOiJodHRwczovL2FwaS50cmlnZ2VyLmRldiIsImV4cCI6MjAwMDAwMDAwMH0.dI8Przs-Znw"
     "-IKMt331zqXHWOVZRn-5SDiN4fkorNz4"},
    {VERIFY_FORMAT, "ver_text",
     "eyJhbGciOiJIUzI1NiJ9.eyJ2ZXIiOiIxIiwiZGVwbG95bWVudCI6ImRlcGxveW1lbnRfMSIsImRlcGxveW1lbnR"
     "fdmVyc2lvbiI6IjIwMjYwMzI3LjQiLCJlbnZpcm9ubWVudF9pZCI6ImVudl8xIiwiZW52aXJvbm1lbnRfdHlwZSI"
     "6IlBST0RVQ1RJT04iLCJvcmdfaWQiOiJvcmdfMSIsInByb2plY3RfaWQiOiJwcm9qXzEiLCJpc3MiOiJodHRwczo"
     "vL2lkLnRyaWdnZXIuZGV2IiwiYXVkIjoiaHR0cHM6Ly9hcGkudHJpZ2dlci5kZXYiLCJleHAiOjIwMDAwMDAwMDB"
     "9.IbIyvuvbEBlynfpBPdidbdsu6i7gcCkGd7RNeuE8eK0"},
    {VERIFY_FORMAT, "ver_10",
     "eyJhbGciOiJIUzI1NiJ9.eyJ2ZXIiOjEwLCJkZXBsb3ltZW50IjoiZGVwbG95bWVudF8xIiwiZGVwbG95bWVudF9"
     "2ZXJzaW9uIjoiMjAyNjAzMjcuNCIsImVudmlyb25tZW50X2lkIjoiZW52XzEiLCJlbnZpcm9ubWVudF90eXBlIjo"
     "iUFJPRFVDVElPTiIsIm9yZ19pZCI6Im9yZ18xIiwicHJvamVjdF9pZCI6InByb2pfMSIsImlzcyI6Imh0dHBzOi8"
     "vaWQudHJpZ2dlci5kZXYiLCJhdWQiOiJodHRwczovL2FwaS50cmlnZ2VyLmRldiIsImV4cCI6MjAwMDAwMDAwMH0"
     ".E0Qq8eVhgDGqUjTC3US10OZIaG6d5XDFp4xGknxPyuk"},
    {VERIFY_FORMAT, "ver_negative",
     "eyJhbGciOiJIUzI1NiJ9.eyJ2ZXIiOi0xLCJkZXBsb3ltZW50IjoiZGVwbG95bWVudF8xIiwiZGVwbG95bWVudF9"
     "2ZXJzaW9uIjoiMjAyNjAzMjcuNCIsImVudmlyb25tZW50X2lkIjoiZW52XzEiLCJlbnZpcm9ubWVudF90eXBlIjo"
     "iUFJPRFVDVElPTiIsIm9yZ19pZCI6Im9yZ18xIiwicHJvamVjdF9pZCI6InByb2pfMSIsImlzcyI6Imh0dHBzOi8"
     "vaWQudHJpZ2dlci5kZXYiLCJhdWQiOiJodHRwczovL2FwaS50cmlnZ2VyLmRldiIsImV4cCI6MjAwMDAwMDAwMH0"
     ".xXV-nCHTtoGXAhZjzeOA1ttDqNfSOERtNO4bCXSXEbY"},
    {VERIFY_FORMAT, "ver_true",
     "eyJhbGciOiJIUzI1NiJ9.eyJ2ZXIiOnRydWUsImRlcGxveW1lbnQiOiJkZXBsb3ltZW50XzEiLCJkZXBsb3ltZW5"
     "0X3ZlcnNpb24iOiIyMDI2MDMyNy40IiwiZW52aXJvbm1lbnRfaWQiOiJlbnZfMSIsImVudmlyb25tZW50X3R5cGU"
     "iOiJQUk9EVUNUSU9OIiwib3JnX2lkIjoib3JnXzEiLCJwcm9qZWN0X2lkIjoicHJval8xIiwiaXNzIjoiaHR0cHM"
     "6Ly9pZC50cmlnZ2VyLmRldiIsImF1ZCI6Imh0dHBzOi8vYXBpLnRyaWdnZXIuZGV2IiwiZXhwIjoyMDAwMDAwMDA"
     "wfQ.2YKWx7SBwAIv-tyyCgCZLr8vnl1h1in-YwBjoywwgJE"},
    {VERIFY_EARLY, "nbf",
     "eyJhbGciOiJIUzI1NiJ9.eyJ2ZXIiOjEsImRlcGxveW1lbnQiOiJkZXBsb3ltZW50XzEiLCJkZXBsb3ltZW50X3Z"
     "lcnNpb24iOiIyMDI2MDMyNy40IiwiZW52aXJvbm1lbnRfaWQiOiJlbnZfMSIsImVudmlyb25tZW50X3R5cGUiOiJ"
     "QUk9EVUNUSU9OIiwib3JnX2lkIjoib3JnXzEiLCJwcm9qZWN0X2lkIjoicHJval8xIiwiaXNzIjoiaHR0cHM6Ly9"
     "pZC50cmlnZ2VyLmRldiIsImF1ZCI6Imh0dHBzOi8vYXBpLnRyaWdnZXIuZGV2IiwiZXhwIjoyMDAwMDAwMDAwLCJ"
     "uYmYiOjE4MDAwMDAwMDF9.2LCDCtloJDDCEDKuOqwUQagJLi55OWiLjQOKncpZBqs"},
    {VERIFY_EARLY, "nbf_text",
     "eyJhbGciOiJIUzI1NiJ9.eyJ2ZXIiOjEsImRlcGxveW1lbnQiOiJkZXBsb3ltZW50XzEiLCJkZXBsb3ltZW50X3Z"
     "lcnNpb24iOiIyMDI2MDMyNy40IiwiZW52aXJvbm1lbnRfaWQiOiJlbnZfMSIsImVudmlyb25tZW50X3R5cGUiOiJ"
     "QUk9EVUNUSU9OIiwib3JnX2lkIjoib3JnXzEiLCJwcm9qZWN0X2lkIjoicHJval8xIiwiaXNzIjoiaHR0cHM6Ly9"
     "pZC50cmlnZ2VyLmRldiIsImF1ZCI6Imh0dHBzOi8vYXBpLnRyaWdnZXIuZGV2IiwiZXhwIjoyMDAwMDAwMDAwLCJ"
     "uYmYiOiIwIn0.PyWEdwyeVMd8jxHlpjHqTQQeYTf5vBtjBuyB_DRLSXQ"},
    {VERIFY_ENDLESS, "exp_missing",
     "eyJhbGciOiJIUzI1NiJ9.eyJ2ZXIiOjEsImRlcGxveW1lbnQiOiJkZXBsb3ltZW50XzEiLCJkZXBsb3ltZW50X3Z"
     "lcnNpb24iOiIyMDI2MDMyNy40IiwiZW52aXJvbm1lbnRfaWQiOiJlbnZfMSIsImVudmlyb25tZW50X3R5cGUiOiJ"
     "QUk9EVUNUSU9OIiwib3JnX2lkIjoib3JnXzEiLCJwcm9qZWN0X2lkIjoicHJval8xIiwiaXNzIjoiaHR0cHM6Ly9"
     "pZC50cmlnZ2VyLmRldiIsImF1ZCI6Imh0dHBzOi8vYXBpLnRyaWdnZXIuZGV2In0.teEAi-4lskTzfsFvFCfxWMx"
     "fQv51kekD6LirSe8a4Pk"},
    {VERIFY_EXPIRED, "exp_now",
     "eyJhbGciOiJIUzI1NiJ9.eyJ2ZXIiOjEsImRlcGxveW1lbnQiOiJkZXBsb3ltZW50XzEiLCJkZXBsb3ltZW50X3Z"
     "lcnNpb24iOiIyMDI2MDMyNy40IiwiZW52aXJvbm1lbnRfaWQiOiJlbnZfMSIsImVudmlyb25tZW50X3R5cGUiOiJ"
     "QUk9EVUNUSU9OIiwib3JnX2lkIjoib3JnXzEiLCJwcm9qZWN0X2lkIjoicHJval8xIiwiaXNzIjoiaHR0cHM6Ly9"
     "pZC50cmlnZ2VyLmRldiIsImF1ZCI6Imh0dHBzOi8vYXBpLnRyaWdnZXIuZGV2IiwiZXhwIjoxODAwMDAwMDAwfQ."
     "5kCl_xZbNwOO65_4_pGfHp0mZyVbiH46c4I9hrH2s4Q"},
    {VERIFY_EXPIRED, "exp_before",
     "eyJhbGciOiJIUzI1NiJ9.eyJ2ZXIiOjEsImRlcGxveW1lbnQiOiJkZXBsb3ltZW50XzEiLCJkZXBsb3ltZW50X3Z"
     "lcnNpb24iOiIyMDI2MDMyNy40IiwiZW52aXJvbm1lbnRfaWQiOiJlbnZfMSIsImVudmlyb25tZW50X3R5cGUiOiJ"
     "QUk9EVUNUSU9OIiwib3JnX2lkIjoib3JnXzEiLCJwcm9qZWN0X2lkIjoicHJval8xIiwiaXNzIjoiaHR0cHM6Ly9"
     "pZC50cmlnZ2VyLmRldiIsImF1ZCI6Imh0dHBzOi8vYXBpLnRyaWdnZXIuZGV2IiwiZXhwIjoxNzk5OTk5OTk5fQ."
     "bbFwoBP5M-GR9GuKwMiPkYeOmAXMgUr0NmPQP5JLXsc"},
    {VERIFY_EXPIRED, "exp_fraction",
     "eyJhbGciOiJIUzI1NiJ9.eyJ2ZXIiOjEsImRlcGxveW1lbnQiOiJkZXBsb3ltZW50XzEiLCJkZXBsb3ltZW50X3Z"
     "lcnNpb24iOiIyMDI2MDMyNy40IiwiZW52aXJvbm1lbnRfaWQiOiJlbnZfMSIsImVudmlyb25tZW50X3R5cGUiOiJ"
     "QUk9EVUNUSU9OIiwib3JnX2lkIjoib3JnXzEiLCJwcm9qZWN0X2lkIjoicHJval8xIiwiaXNzIjoiaHR0cHM6Ly9"
     "pZC50cmlnZ2VyLmRldiIsImF1ZCI6Imh0dHBzOi8vYXBpLnRyaWdnZXIuZGV2IiwiZXhwIjoxODAwMDAwMDAwLjV"
     "9.gL_736eP1G-_oj5WhdpbQR24b0aiy1kR3bvEcN-NPBE"},
    {VERIFY_EXPIRED, "exp_zero",
     "eyJhbGciOiJIUzI1NiJ9.eyJ2ZXIiOjEsImRlcGxveW1lbnQiOiJkZXBsb3ltZW50XzEiLCJkZXBsb3ltZW50X3Z"
     "lcnNpb24iOiIyMDI2MDMyNy40IiwiZW52aXJvbm1lbnRfaWQiOiJlbnZfMSIsImVudmlyb25tZW50X3R5cGUiOiJ"
     "QUk9EVUNUSU9OIiwib3JnX2lkIjoib3JnXzEiLCJwcm9qZWN0X2lkIjoicHJval8xIiwiaXNzIjoiaHR0cHM6Ly9"
     "pZC50cmlnZ2VyLmRldiIsImF1ZCI6Imh0dHBzOi8vYXBpLnRyaWdnZXIuZGV2IiwiZXhwIjowfQ.RueAVJc9M8Md"
     "HucfZhPQsdfQ4GfdIrpqYj10_9pzctU"},
    {VERIFY_EXPIRED, "exp_negative",
     "eyJhbGciOiJIUzI1NiJ9.eyJ2ZXIiOjEsImRlcGxveW1lbnQiOiJkZXBsb3ltZW50XzEiLCJkZXBsb3ltZW50X3Z"
     "lcnNpb24iOiIyMDI2MDMyNy40IiwiZW52aXJvbm1lbnRfaWQiOiJlbnZfMSIsImVudmlyb25tZW50X3R5cGUiOiJ"
     "QUk9EVUNUSU9OIiwib3JnX2lkIjoib3JnXzEiLCJwcm9qZWN0X2lkIjoicHJval8xIiwiaXNzIjoiaHR0cHM6Ly9"
     "pZC50cmlnZ2VyLmRldiIsImF1ZCI6Imh0dHBzOi8vYXBpLnRyaWdnZXIuZGV2IiwiZXhwIjotMjAwMDAwMDAwMH0"
     ".1-fuNU9jk_J1H0D6yc2KJ_jTenNh8Q9GR5KFqyierr8"},
    {VERIFY_VERSION, "other_version",
     "eyJhbGciOiJIUzI1NiJ9.eyJ2ZXIiOjEsImRlcGxveW1lbnQiOiJkZXBsb3ltZW50XzEiLCJkZXBsb3ltZW50X3Z"
     "lcnNpb24iOiIyMDI2MDMyNy41IiwiZW52aXJvbm1lbnRfaWQiOiJlbnZfMSIsImVudmlyb25tZW50X3R5cGUiOiJ"
     "QUk9EVUNUSU9OIiwib3JnX2lkIjoib3JnXzEiLCJwcm9qZWN0X2lkIjoicHJval8xIiwiaXNzIjoiaHR0cHM6Ly9"
     "pZC50cmlnZ2VyLmRldiIsImF1ZCI6Imh0dHBzOi8vYXBpLnRyaWdnZXIuZGV2IiwiZXhwIjoyMDAwMDAwMDAwfQ."
     "V_mW-bU_8Icep5n0BTDQ_9grCMAntKDa5EzSxH1rin0"},
    {VERIFY_VERSION, "shorter_version",
     "eyJhbGciOiJIUzI1NiJ9.eyJ2ZXIiOjEsImRlcGxveW1lbnQiOiJkZXBsb3ltZW50XzEiLCJkZXBsb3ltZW50X3Z"
     "lcnNpb24iOiIyMDI2MDMyNy4iLCJlbnZpcm9ubWVudF9pZCI6ImVudl8xIiwiZW52aXJvbm1lbnRfdHlwZSI6IlB"
     "ST0RVQ1RJT04iLCJvcmdfaWQiOiJvcmdfMSIsInByb2plY3RfaWQiOiJwcm9qXzEiLCJpc3MiOiJodHRwczovL2l"
     "kLnRyaWdnZXIuZGV2IiwiYXVkIjoiaHR0cHM6Ly9hcGkudHJpZ2dlci5kZXYiLCJleHAiOjIwMDAwMDAwMDB9.7Y"
     "GkuDSyhB-9aDvUowzOUVfE3ewq2Q33RuH-LGpvmD4"},
    {VERIFY_VERSION, "longer_version",
     "eyJhbGciOiJIUzI1NiJ9.eyJ2ZXIiOjEsImRlcGxveW1lbnQiOiJkZXBsb3ltZW50XzEiLCJkZXBsb3ltZW50X3Z"
     "lcnNpb24iOiIyMDI2MDMyNy40MCIsImVudmlyb25tZW50X2lkIjoiZW52XzEiLCJlbnZpcm9ubWVudF90eXBlIjo"
     "iUFJPRFVDVElPTiIsIm9yZ19pZCI6Im9yZ18xIiwicHJvamVjdF9pZCI6InByb2pfMSIsImlzcyI6Imh0dHBzOi8"
     "vaWQudHJpZ2dlci5kZXYiLCJhdWQiOiJodHRwczovL2FwaS50cmlnZ2VyLmRldiIsImV4cCI6MjAwMDAwMDAwMH0"
     ".7HBF18iyRtiCCXh0AGo-WgTNfm2N7fylg9lZUhX0m3I"},
    {VERIFY_VERSION, "version_missing",
     "eyJhbGciOiJIUzI1NiJ9.eyJ2ZXIiOjEsImRlcGxveW1lbnQiOiJkZXBsb3ltZW50XzEiLCJlbnZpcm9ubWVudF9"
     "pZCI6ImVudl8xIiwiZW52aXJvbm1lbnRfdHlwZSI6IlBST0RVQ1RJT04iLCJvcmdfaWQiOiJvcmdfMSIsInByb2p"
     "lY3RfaWQiOiJwcm9qXzEiLCJpc3MiOiJodHRwczovL2lkLnRyaWdnZXIuZGV2IiwiYXVkIjoiaHR0cHM6Ly9hcGk"
     "udHJpZ2dlci5kZXYiLCJleHAiOjIwMDAwMDAwMDB9.m-FUlfozW3moxmG4IF31Tx4NQj8R6kPzWyJnHKM58dE"},
};

#endif

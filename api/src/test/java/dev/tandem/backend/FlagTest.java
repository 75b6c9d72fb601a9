package dev.tandem.backend;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;

import java.util.Map;
import java.util.OptionalLong;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

class FlagTest {
  private static final String MEMORY = "tandem.cuda.memory";

  @AfterEach
  void unset() {
    System.clearProperty(MEMORY);
  }

  @ParameterizedTest
  @CsvSource({
    "1, 1",
    "1048576, 1048576",
    "8GiB, 8589934592",
    "8gib, 8589934592",
    "8G, 8589934592",
    "8GB, 8000000000",
    "8gB, 8000000000",
    "500MiB, 524288000",
    "500m, 524288000",
    "500MB, 500000000",
    "3KiB, 3072",
    "3k, 3072",
    "3KB, 3000",
    "2TiB, 2199023255552",
    "2t, 2199023255552",
    "2TB, 2000000000000",
    "8388607TiB, 9223370937343148032",
    "' 8GiB ', 8589934592",
  })
  void sizesAreRead(String text, long bytes) {
    System.setProperty(MEMORY, text);
    assertEquals(OptionalLong.of(bytes), Flag.CUDA_MEMORY.bytes());
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "0",
        "0GiB",
        "-1",
        "+1",
        "all",
        "GiB",
        "8 GiB",
        "1.5GiB",
        "8Gi",
        "8iB",
        "8EiB",
        "8GiBs",
        "8388608TiB",
        "9223372036854775808"
      })
  void whatIsNoSizeIsRefused(String text) {
    System.setProperty(MEMORY, text);
    IllegalArgumentException e =
        assertThrows(IllegalArgumentException.class, Flag.CUDA_MEMORY::bytes);
    assertEquals(
        "TANDEM_CUDA_MEMORY: not a size, got '" + text + "'; write e.g. 8GiB", e.getMessage());
  }

  @Test
  void noSizeIsEmpty() {
    assertEquals(OptionalLong.empty(), Flag.CUDA_MEMORY.bytes());
    System.setProperty(MEMORY, " ");
    assertEquals(OptionalLong.empty(), Flag.CUDA_MEMORY.bytes());
  }

  @Test
  void whatAConfigSaysCountsForItsWorkAlone() {
    System.setProperty("tandem.tf32", "1");
    try {
      assertEquals(0, Flag.with(Map.of(Flag.TF32, "0"), () -> Flag.TF32.number(7)));
      assertEquals(
          1, Flag.with(Map.of(Flag.CUBLAS, "ffm"), () -> Flag.TF32.number(7)), "others as set");
      assertEquals(1, Flag.TF32.number(7), "and afterwards as before");
    } finally {
      System.clearProperty("tandem.tf32");
    }
  }

  @Test
  void withinWorkOtherSwitchesMayBeSetAsWell() {
    Flag.with(
        Map.of(Flag.TF32, "1", Flag.CUBLAS, "ffm"),
        () ->
            Flag.with(
                Map.of(Flag.CUBLAS, "jcublas"),
                () -> {
                  assertEquals(1, Flag.TF32.number(7));
                  assertEquals("jcublas", Flag.CUBLAS.value().orElseThrow());
                  return null;
                }));
  }
}

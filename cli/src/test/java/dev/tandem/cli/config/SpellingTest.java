package dev.tandem.cli.config;

import static org.junit.jupiter.api.Assertions.assertEquals;

import java.util.Map;
import java.util.Optional;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class SpellingTest {
  @ParameterizedTest
  @CsvSource({
    "lr,lr,0",
    "lr,rl,1",
    "momentun,momentum,1",
    "ab,,2",
    "kitten,sitting,3",
    "wieght,weight,1"
  })
  void distancesCountChangesAndSwaps(String a, String b, int expected) {
    assertEquals(expected, Spelling.distance(a, b == null ? "" : b));
  }

  @Test
  void onlyWhatIsNearIsOffered() {
    assertEquals(
        Optional.of("batch"),
        Spelling.nearest("bacth", Map.of("epochs", "epochs", "batch", "batch")));
    assertEquals(
        Optional.of("mini-batch"),
        Spelling.nearest("Mini_Batch", Map.of("online", "online", "mini-batch", "mini-batch")));
    assertEquals(
        Optional.empty(), Spelling.nearest("colour", Map.of("epochs", "epochs", "batch", "batch")));
  }
}

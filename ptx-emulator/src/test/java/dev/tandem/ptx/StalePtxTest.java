package dev.tandem.ptx;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.HexFormat;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Stream;
import org.junit.jupiter.api.DynamicTest;
import org.junit.jupiter.api.TestFactory;

/** The committed PTX of the test kernels was made from the sources that are there now. */
final class StalePtxTest {
  private static final Pattern HASH =
      Pattern.compile("^// sha256: (\\p{XDigit}{64})$", Pattern.MULTILINE);

  @TestFactory
  Stream<DynamicTest> unseen() {
    return TestKernels.names("unseen").stream()
        .flatMap(name ->
            TestKernels.VARIANTS.stream()
                .map(variant ->
                    test("unseen/" + name + ".cu", "unseen/" + name + "." + variant + ".ptx")));
  }

  @TestFactory
  Stream<DynamicTest> bugs() {
    return TestKernels.names("bugs").stream()
        .map(name -> test("bugs/" + name + ".cu", "bugs/" + name + ".ptx"));
  }

  private static DynamicTest test(String source, String ptx) {
    return DynamicTest.dynamicTest(
        ptx,
        () -> {
          Matcher hash = HASH.matcher(TestKernels.ptx(ptx));
          assertTrue(hash.find(), ptx + " names no hash; run src/test/cuda/compile.sh");
          assertEquals(
              sha256(TestKernels.source(source)),
              hash.group(1),
              ptx + " is stale; run src/test/cuda/compile.sh");
        });
  }

  private static String sha256(byte[] bytes) throws NoSuchAlgorithmException {
    return HexFormat.of().formatHex(MessageDigest.getInstance("SHA-256").digest(bytes));
  }
}

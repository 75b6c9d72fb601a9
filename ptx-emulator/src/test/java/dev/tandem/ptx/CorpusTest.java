package dev.tandem.ptx;

import static org.junit.jupiter.api.Assertions.assertTrue;
import static org.junit.jupiter.api.Assertions.fail;

import dev.tandem.backend.Availability;
import dev.tandem.backend.Flag;
import dev.tandem.cuda.driver.JcudaDriver;
import dev.tandem.ptx.machine.EmulatorOptions;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.DynamicContainer;
import org.junit.jupiter.api.DynamicNode;
import org.junit.jupiter.api.DynamicTest;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestFactory;

/**
 * The corpus of tiny PTX programs, on the software GPU and, where there is one, on the machine's
 * own. What they must give was computed from the PTX ISA by src/test/corpus, by neither of them.
 */
class CorpusTest {
  private static final String OWN = "software GPU";

  private static final String CUDA = "cuda";

  /** The compute capability that the newest forms need. */
  private static final int NEWEST = 100;

  private static final Map<String, Map<String, Integer>> PASSED = new LinkedHashMap<>();
  private static final List<String> REMARKS = new ArrayList<>();
  private static final List<CorpusFamily> FAMILIES =
      CorpusFamily.names().stream().map(CorpusFamily::read).toList();

  @TestFactory
  Stream<DynamicNode> software() {
    EmulatorOptions options = EmulatorOptions.standard().withComputeCapability(NEWEST);
    return families(OWN, new Corpus(() -> EmulatedDriver.open(options)), NEWEST);
  }

  @TestFactory
  Stream<DynamicNode> cuda() {
    Availability found = JcudaDriver.probe();
    if (!found.usable()) {
      REMARKS.add("cuda 0 (" + found.reason() + ")");
      return Flag.REQUIRE
          .value()
          .filter(CUDA::equals)
          .map(_ -> DynamicTest.dynamicTest(CUDA, () -> fail(missed(found))))
          .stream()
          .map(DynamicNode.class::cast);
    }
    Corpus corpus = new Corpus(JcudaDriver::open);
    int capability = corpus.capability();
    long not =
        FAMILIES.stream()
            .flatMap(family ->
                family.forms().stream().filter(form -> !fits(CUDA, family, form, capability)))
            .count();
    REMARKS.add(
        not
            + " not tried on cuda (of a newer device than sm_"
            + capability
            + ", or meant to fail)");
    return families(CUDA, corpus, capability);
  }

  private static String missed(Availability found) {
    return "cuda (required by TANDEM_REQUIRE) cannot be used here: " + found.reason();
  }

  /** Whether a form can be tried: a kernel that fails would take the GPU from the whole process. */
  private static boolean fits(String device, CorpusFamily family, CorpusForm form, int capability) {
    return family.capability() <= capability && (device.equals(OWN) || form.faults().isEmpty());
  }

  private static Stream<DynamicNode> families(String device, Corpus corpus, int capability) {
    Stream<DynamicNode> nodes =
        FAMILIES.stream()
            .map(family ->
                DynamicContainer.dynamicContainer(
                    device + ": " + family.name(), forms(device, corpus, family, capability)));
    return nodes.onClose(corpus::close);
  }

  private static Stream<DynamicTest> forms(
      String device, Corpus corpus, CorpusFamily family, int capability) {
    return family.forms().stream()
        .filter(form -> fits(device, family, form, capability))
        .map(form ->
            DynamicTest.dynamicTest(form.name(), () -> check(device, corpus, family, form)));
  }

  private static void check(String device, Corpus corpus, CorpusFamily family, CorpusForm form) {
    List<String> wrong = corpus.run(family, form);
    assertTrue(
        wrong.isEmpty(),
        () -> device + ", " + family.name() + ", " + form.ptx() + "\n" + String.join("\n", wrong));
    PASSED
        .computeIfAbsent(device, _ -> new LinkedHashMap<>())
        .merge(family.name(), 1, Integer::sum);
  }

  @Test
  void coversWhatTheIssueLists() {
    List<String> forms =
        FAMILIES.stream().flatMap(family -> family.forms().stream()).map(CorpusForm::ptx).toList();
    List<String> missing =
        OPCODES.stream()
            .filter(opcode ->
                forms.stream().noneMatch(form -> form.matches("(?s).*\\b" + opcode + "\\b.*")))
            .toList();
    assertTrue(missing.isEmpty(), () -> "corpus: no form for " + missing);
  }

  /** Opcodes of PTX ISA 9.7 that the software GPU is to execute. */
  private static final List<String> OPCODES =
      List.of(
          ("abs activemask add addc and atom bar barrier bfe bfi bfind bmsk bra brev brx call clz"
                  + " cnot copysign cos cp cvt cvta div dp2a dp4a elect ex2 exit fence fma fns"
                  + " isspacep ld ldmatrix ldu lg2 lop3 mad mad24 madc match max membar min mma mov"
                  + " movmatrix mul mul24 nanosleep neg not or pmevent popc prefetch prefetchu prmt"
                  + " rcp red redux rem ret rsqrt sad selp set setp shf shfl shl shr sin slct sqrt st"
                  + " stmatrix sub subc szext tanh testp trap vote wmma xor")
              .split(" "));

  @AfterAll
  static void count() {
    for (CorpusFamily family : FAMILIES) {
      long values = family.forms().stream().mapToLong(CorpusForm::values).sum();
      StringBuilder line =
          new StringBuilder(
              "corpus: %-18s %4d forms %,7d values"
                  .formatted(family.name(), family.forms().size(), values));
      PASSED.forEach((device, passed) ->
          line.append("; %s %d passed".formatted(device, passed.getOrDefault(family.name(), 0))));
      System.out.println(line);
    }
    long forms = FAMILIES.stream().mapToLong(family -> family.forms().size()).sum();
    long values =
        FAMILIES.stream()
            .flatMap(family -> family.forms().stream())
            .mapToLong(CorpusForm::values)
            .sum();
    StringBuilder line =
        new StringBuilder("corpus: %,d forms, %,d values".formatted(forms, values));
    PASSED.forEach((device, passed) ->
        line.append(
            "; %s %,d passed".formatted(device, passed.values().stream().mapToLong(n -> n).sum())));
    REMARKS.forEach(remark -> line.append("; ").append(remark));
    System.out.println(line);
  }
}

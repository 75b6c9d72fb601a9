package dev.tandem.backend;

import static dev.tandem.backend.WrongBackend.element;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.tandem.shape.TensorType;
import dev.tandem.tensor.Scope;
import dev.tandem.tensor.Tensor;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;

/** TANDEM_SHADOW as {@link Backends#open} takes it: what it opens, refuses and closes, and with which other switches. */
class ShadowSwitchTest {
  private final List<String> notes = new ArrayList<>();
  private final List<Backend> opened = new ArrayList<>();
  private final List<BackendProvider> providers = new ArrayList<>();

  /** Opens the CPU backend with a mistake in exp, as a kind of its own. */
  private final class WrongProvider implements BackendProvider {
    private final Availability availability;

    private WrongProvider(Availability availability) {
      this.availability = availability;
    }

    @Override
    public String kind() {
      return "wrong";
    }

    @Override
    public int preference() {
      return 1;
    }

    @Override
    public Availability probe() {
      return availability;
    }

    @Override
    public long blockBytes(TensorType type) {
      return type.bytes();
    }

    @Override
    public List<String> diagnosis() {
      return List.of(availability.reason());
    }

    @Override
    public Backend open(int device) {
      if (device > 0) {
        throw new BackendException("wrong: no such device, got wrong:" + device);
      }
      opened.add(Backends.providers().getLast().open(0));
      return new WrongBackend(opened.getLast(), "exp", element(0, 0, Double.NaN));
    }
  }

  private void unusable() {
    providers.set(0, new WrongProvider(Availability.no("there is none")));
  }

  ShadowSwitchTest() {
    providers.add(new WrongProvider(Availability.yes("a planted mistake")));
    BackendProvider cpu = Backends.providers().getLast();
    assertEquals("cpu", cpu.kind());
    providers.add(cpu);
  }

  @AfterEach
  void unset() {
    for (String name : List.of("shadow", "check", "debug", "tf32")) {
      System.clearProperty("tandem." + name);
    }
  }

  private Backend open(String name) {
    return Backends.open(name, providers, notes::add);
  }

  private void assertRefused(String expected, String name, String shadow) {
    System.setProperty("tandem.shadow", shadow);
    assertEquals(expected, assertThrows(BackendException.class, () -> open(name)).getMessage());
  }

  private static void assertClosed(Backend backend) {
    assertThrows(
        BackendException.class,
        () -> backend.allocate(TensorType.f32(1)),
        "the backend is still open");
  }

  private static String failure(Backend backend, float x) {
    try (Scope _ = Scope.open()) {
      Tensor tensor = Tensor.of(backend, new float[] {x}, 1);
      return assertThrows(BackendException.class, tensor::exp).getMessage();
    }
  }

  @Test
  void withoutTheSwitchNothingIsCompared() {
    try (Backend backend = open("wrong");
        Scope _ = Scope.open()) {
      assertTrue(Double.isNaN(Tensor.of(backend, new float[] {1}, 1).exp().item()));
    }
  }

  @Test
  void theNamedKindIsTheShadow() {
    System.setProperty("tandem.shadow", "cpu");
    System.setProperty("tandem.debug", "1");
    for (String name : List.of("wrong", "wrong:0", "auto")) {
      try (Backend backend = open(name)) {
        assertEquals("wrong:0", backend.name());
        assertTrue(
            backend
                .description()
                .startsWith("wrong:0: cpu with a mistake in exp, shadowed by cpu: "),
            backend.description());
        assertEquals("backend: " + backend.description(), notes.getLast());
        String message = failure(backend, 0);
        assertTrue(
            message.startsWith(
                "shadow: exp differs between wrong:0 and cpu, got NaN and 1.0 at element [0]"),
            message);
      }
    }
  }

  @Test
  void eitherOfTheTwoCanBeTheShadow() {
    System.setProperty("tandem.shadow", "wrong:0");
    Backend backend = open("cpu");
    assertTrue(failure(backend, 0).startsWith("shadow: exp differs between cpu and wrong:0"));
    backend.close();
    assertClosed(opened.getFirst());
    assertClosed(backend);
  }

  @Test
  void itselfIsNoShadow() {
    String proves = "TANDEM_SHADOW: a backend that shadows itself proves nothing, got '";
    String rest = "', which is the backend in use; name another, or unset it";
    assertRefused(proves + "cpu" + rest, "cpu", "cpu");
    assertRefused(proves + "cpu:0" + rest, "cpu", "cpu:0");
    assertRefused(proves + "cpu" + rest, "cpu:0", "cpu");
    assertRefused(proves + "wrong:0" + rest, "auto", "wrong:0");
    assertEquals(List.of(), opened);
    unusable();
    assertRefused(proves + "cpu" + rest, "auto", "cpu");
    assertEquals(List.of("backend: auto passes over wrong: there is none"), notes);
  }

  @Test
  void whatCannotBeAShadowIsRefused() {
    assertRefused("TANDEM_SHADOW: no such kind, got 'tpu'; use wrong, cpu", "wrong", "tpu");
    assertRefused("TANDEM_SHADOW: no such kind, got 'auto'; use wrong, cpu", "wrong", "auto");
    assertRefused("TANDEM_SHADOW: not a device number, got 'cpu:x'; write cpu:0", "wrong", "cpu:x");
    unusable();
    assertRefused("TANDEM_SHADOW: wrong cannot be used here: there is none", "cpu", "wrong");
    assertEquals(List.of(), opened);
  }

  @Test
  void productsInTf32AreNotCompared() {
    System.setProperty("tandem.tf32", "1");
    assertRefused(
        "TANDEM_SHADOW: products in TF32 differ by more than rounding of F32, got TANDEM_TF32=1; unset one of the two",
        "wrong",
        "cpu");
    System.setProperty("tandem.tf32", "0");
    open("wrong").close();
  }

  @Test
  void aShadowThatDoesNotOpenClosesTheBackend() {
    assertRefused("cpu: no such device, got cpu:3; all cores together are cpu:0", "wrong", "cpu:3");
    assertClosed(opened.getFirst());
  }

  @Test
  void opsAreTracedAndResultsCheckedToo() {
    System.setProperty("tandem.shadow", "cpu");
    System.setProperty("tandem.debug", "2");
    System.setProperty("tandem.check", "1");
    try (Backend backend = open("wrong")) {
      assertTrue(backend.description().contains(", shadowed by cpu: "), backend.description());
      String message = failure(backend, 0);
      assertTrue(message.startsWith("shadow: exp differs"), message);
      assertEquals("Exp[] [F32 (1)] -> [F32 (1)]", notes.getLast());
      // Both have the infinity, so that it is the check's to find.
      try (Scope _ = Scope.open()) {
        Tensor x = Tensor.of(backend, new float[] {0}, 1);
        message = assertThrows(BackendException.class, x::log).getMessage();
      }
      assertTrue(message.startsWith("log: the result is not finite"), message);
    }
  }

  @Test
  void aCheckedBackendCapturesNothing() {
    System.setProperty("tandem.shadow", "cpu");
    System.setProperty("tandem.debug", "2");
    try (Backend backend = open("wrong")) {
      assertEquals(false, backend.captures());
      String message =
          assertThrows(BackendException.class, () -> backend.capture(() -> {})).getMessage();
      assertTrue(message.startsWith("capture: TANDEM_SHADOW looks at each op"), message);
    }
  }
}

package dev.tandem.containers;

import java.util.Optional;
import org.junit.jupiter.api.extension.BeforeAllCallback;
import org.junit.jupiter.api.extension.ConditionEvaluationResult;
import org.junit.jupiter.api.extension.ExecutionCondition;
import org.junit.jupiter.api.extension.ExtensionContext;
import org.junit.jupiter.api.extension.ExtensionContext.Namespace;
import org.junit.jupiter.api.extension.TestWatcher;

/**
 * Counts the tests that ran in containers and, when the last is done, says how many there were, so that a missing engine is never
 * silent: {@code containers: 12 passed on Docker 20.10.24 with debian:bookworm-slim, cuda 0 (the engine offers no NVIDIA
 * devices)}. Where there is no engine, its tests do not run, and the line says why.
 */
final class ContainerReport implements ExecutionCondition, BeforeAllCallback, TestWatcher {
  /** Marks what needs a GPU as well. */
  static final String GPU = "gpu";

  private static int passed;
  private static int failed;
  private static int onGpu;
  private static Optional<String> withoutGpu = Optional.empty();

  @Override
  public ConditionEvaluationResult evaluateExecutionCondition(ExtensionContext context) {
    if (Engine.absent().isPresent()) {
      return ConditionEvaluationResult.disabled(Engine.absent().get());
    }
    if (context.getTestMethod().isPresent() && context.getTags().contains(GPU)) {
      withoutGpu = Engine.withoutGpu();
      if (withoutGpu.isPresent()) {
        return ConditionEvaluationResult.disabled(withoutGpu.get());
      }
    }
    return ConditionEvaluationResult.enabled("a Docker engine answers");
  }

  @Override
  public void beforeAll(ExtensionContext context) {
    closing(context);
  }

  /** Has the line said after the last class of the run, in which the root's store is closed. */
  static void closing(ExtensionContext context) {
    context
        .getRoot()
        .getStore(Namespace.GLOBAL)
        .getOrComputeIfAbsent(
            ContainerReport.class, _ -> (AutoCloseable) () -> System.out.println(line()));
  }

  @Override
  public void testSuccessful(ExtensionContext context) {
    count(context, true);
  }

  @Override
  public void testFailed(ExtensionContext context, Throwable cause) {
    count(context, false);
  }

  private static synchronized void count(ExtensionContext context, boolean success) {
    if (!success) {
      failed++;
    } else if (context.getTags().contains(GPU)) {
      onGpu++;
    } else {
      passed++;
    }
  }

  private static synchronized String line() {
    StringBuilder line = new StringBuilder("containers: " + passed + " passed");
    if (failed > 0) {
      line.append(", ").append(failed).append(" failed");
    }
    if (Engine.absent().isPresent()) {
      return line.append(" (").append(Engine.absent().get()).append(')').toString();
    }
    line.append(" on ").append(Engine.description()).append(" with ").append(Engine.BASE);
    line.append(", cuda ").append(onGpu);
    withoutGpu.ifPresent(reason -> line.append(" (").append(reason).append(')'));
    return line.toString();
  }
}

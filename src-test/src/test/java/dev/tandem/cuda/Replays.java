package dev.tandem.cuda;

import dev.tandem.backend.Backend;
import dev.tandem.backend.CapturedStep;
import dev.tandem.train.StepReport;
import dev.tandem.train.TrainingListener;
import java.lang.reflect.InvocationTargetException;
import java.lang.reflect.Proxy;
import java.util.function.BinaryOperator;

/** Tells how often captured steps are replayed. */
final class Replays {
  private Replays() {}

  /** Counts the replays of captured steps. */
  static Backend counting(Backend backend, long[] replays) {
    return proxy(
        Backend.class,
        backend,
        (method, answer) ->
            method.equals("capture")
                ? proxy(
                    CapturedStep.class,
                    (CapturedStep) answer,
                    (call, nothing) -> {
                      replays[0] += call.equals("replay") ? 1 : 0;
                      return nothing;
                    })
                : answer);
  }

  private static <T> T proxy(Class<T> type, T object, BinaryOperator<Object> after) {
    return type.cast(
        Proxy.newProxyInstance(
            type.getClassLoader(),
            new Class<?>[] {type},
            (_, method, arguments) -> {
              try {
                return after.apply(method.getName(), method.invoke(object, arguments));
              } catch (InvocationTargetException e) {
                throw e.getCause();
              }
            }));
  }

  /** Does something after a step. */
  static TrainingListener at(long step, Runnable action) {
    return new TrainingListener() {
      @Override
      public void step(StepReport report) {
        if (report.step() == step) {
          action.run();
        }
      }
    };
  }
}

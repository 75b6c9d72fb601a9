package dev.tandem.train;

import dev.tandem.backend.Backend;
import dev.tandem.backend.BackendException;
import java.lang.reflect.InvocationTargetException;
import java.lang.reflect.Proxy;

/** Another backend, which fails at one call of an op or an update, and then works again. */
final class FailingBackend {
  private final Backend delegate;
  private int left = Integer.MAX_VALUE;

  FailingBackend(Backend delegate) {
    this.delegate = delegate;
  }

  /** The call to fail, counted from now on; 1 is the next. */
  void failAt(int call) {
    left = call;
  }

  /** Whether the failure has happened. */
  boolean failed() {
    return left <= 0;
  }

  Backend backend() {
    return (Backend)
        Proxy.newProxyInstance(
            Backend.class.getClassLoader(),
            new Class<?>[] {Backend.class},
            (_, method, arguments) -> {
              if ((method.getName().equals("run") || method.getName().equals("update"))
                  && --left == 0) {
                throw new BackendException("failing: this call was to fail, got " + arguments[0]);
              }
              try {
                return method.invoke(delegate, arguments);
              } catch (InvocationTargetException e) {
                throw e.getCause();
              }
            });
  }
}

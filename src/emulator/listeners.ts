/** Callbacks that are called with each value. One that fails affects neither the others nor the caller. */
export class Listeners<Value> {
  private readonly callbacks = new Set<(value: Value) => unknown>();

  constructor(private readonly onError: (error: unknown) => unknown) {}

  /** Returns a function that removes the callback. */
  add(callback: (value: Value) => unknown): () => void {
    // Wrapped, so that a callback that is added twice is called twice.
    const entry = (value: Value): unknown => callback(value);
    this.callbacks.add(entry);
    return () => {
      this.callbacks.delete(entry);
    };
  }

  emit(value: Value): void {
    for (const callback of this.callbacks) {
      void Promise.resolve(value).then(callback).catch(this.onError);
    }
  }
}

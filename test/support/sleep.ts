/** Waits in real time: for tests against servers, whose clocks cannot be replaced. */
export const sleep = (ms: number) => new Promise<void>((resolve) => setTimeout(resolve, ms));

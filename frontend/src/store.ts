// A value that components follow. For the three things that are not data of the API: who is signed in, the stream, the clock.
import { useSyncExternalStore } from "react";

export type Store<T> = { get(): T; set(value: T): void; follow(follower: () => void): () => void; use(): T };

export function store<T>(first: T): Store<T> {
  let value = first;
  const followers = new Set<() => void>();
  const follow = (follower: () => void) => {
    followers.add(follower);
    return () => followers.delete(follower);
  };
  return {
    get: () => value,
    set(next) {
      value = next;
      for (const follower of followers) follower();
    },
    follow,
    use: () => useSyncExternalStore(follow, () => value),
  };
}

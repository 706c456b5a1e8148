// Puts the page together: the router, the answers that are kept, the stream that makes them stale.
import "./styles/tokens.css";
import "./styles/base.css";
import "./styles/shell.css";
import "./styles/pages.css";
import "./theme";
import { QueryCache, QueryClient, QueryClientProvider } from "@tanstack/react-query";
import { RouterProvider, createRouter } from "@tanstack/react-router";
import { StrictMode } from "react";
import { createRoot } from "react-dom/client";
import { session } from "./api/auth";
import { Problem } from "./api/client";
import { follow, isLong, stream } from "./api/events";
import { health } from "./api/queries";
import { routeTree } from "./routes";

const queries: QueryClient = new QueryClient({
  // What was refused for want of something: which that is is told at once.
  queryCache: new QueryCache({
    onError: (error, { queryKey }) => error instanceof Problem && error.status >= 500 && queryKey[0] !== "health" && void queries.invalidateQueries({ queryKey: health.queryKey }),
  }),
  defaultOptions: {
    queries: {
      staleTime: 5_000,
      // The stream says what moved; without it everything on screen but long lists is asked for anew, and so is what was not answered.
      refetchInterval: ({ state: { data, error } }) => (isLong(data) || (error === null && stream.get().state === "live") ? false : 15_000),
      refetchOnWindowFocus: ({ state: { data } }) => !isLong(data),
      retry: (failures, error) => failures < 2 && error instanceof Problem && (error.status === 0 || error.status >= 500),
      networkMode: "always",
    },
  },
});

const router = createRouter({ routeTree, context: { queries }, defaultPreload: "intent", defaultPreloadStaleTime: 0, scrollRestoration: true });

declare module "@tanstack/react-router" {
  interface Register {
    router: typeof router;
  }
}

// What somebody saw is not shown to the next one.
session.follow(() => {
  if (session.get().state === "signed-out") queries.removeQueries();
});
follow(queries);

const page = document.getElementById("page");
if (page !== null) {
  createRoot(page).render(
    <StrictMode>
      <QueryClientProvider client={queries}>
        <RouterProvider router={router} />
      </QueryClientProvider>
    </StrictMode>,
  );
}

// Made by `npm run types` from the API's contract.

export interface paths {
    "/admin/deployments/{deployment}/logs": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** A page of its log, oldest line first. */
        get: {
            parameters: {
                query?: {
                    /** @description Only lines of this level and above. */
                    level?: "debug" | "info" | "warn" | "error";
                    /** @description Only lines from this moment on. */
                    since?: string;
                    /** @description Which page. */
                    page?: number;
                    /** @description Only what follows on the line of this id: pages that cost the same however far back they are. */
                    after?: string;
                    /** @description How many lines a page has. */
                    limit?: number;
                };
                header?: never;
                path: {
                    deployment: string;
                };
                cookie?: never;
            };
            requestBody?: never;
            responses: {
                /** @description As asked. */
                200: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/json": components["schemas"]["LogPage"];
                    };
                };
                /** @description The entity tag in `If-None-Match` is still that of the answer. */
                304: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content?: never;
                };
                /** @description Why not. */
                default: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/problem+json": components["schemas"]["Problem"];
                    };
                };
            };
        };
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/audit": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** What was done to unions, newest first; who sees all of them is told the chain of digests. */
        get: {
            parameters: {
                query?: {
                    /** @description Only what is of this union. */
                    union?: string;
                    /** @description Only what this commit brought. */
                    commit?: string;
                    /** @description Only what follows on this place: the `next` of an earlier answer. */
                    after?: string;
                    /** @description How many items at most. */
                    limit?: number;
                };
                header?: never;
                path?: never;
                cookie?: never;
            };
            requestBody?: never;
            responses: {
                /** @description As asked. */
                200: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/json": components["schemas"]["AuditRecordPage"];
                    };
                };
                /** @description The entity tag in `If-None-Match` is still that of the answer. */
                304: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content?: never;
                };
                /** @description Why not. */
                default: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/problem+json": components["schemas"]["Problem"];
                    };
                };
            };
        };
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/deployments": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** Deployments, newest first. */
        get: {
            parameters: {
                query?: {
                    /** @description Only what is of this union. */
                    union?: string;
                    /** @description Only those that ended so. */
                    outcome?: "succeeded" | "failed" | "superseded" | "interrupted";
                    /** @description Only those that were started for this. */
                    reason?: "push" | "drift" | "rotation" | "retry" | "startup" | "interval" | "schedule" | "request";
                    /** @description Only those that were opened at this moment or later. */
                    since?: string;
                    /** @description Only what follows on this place: the `next` of an earlier answer. */
                    after?: string;
                    /** @description How many items at most. */
                    limit?: number;
                };
                header?: never;
                path?: never;
                cookie?: never;
            };
            requestBody?: never;
            responses: {
                /** @description As asked. */
                200: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/json": components["schemas"]["DeploymentPage"];
                    };
                };
                /** @description The entity tag in `If-None-Match` is still that of the answer. */
                304: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content?: never;
                };
                /** @description Why not. */
                default: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/problem+json": components["schemas"]["Problem"];
                    };
                };
            };
        };
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/deployments/{deployment}": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** One deployment. */
        get: {
            parameters: {
                query?: never;
                header?: never;
                path: {
                    deployment: string;
                };
                cookie?: never;
            };
            requestBody?: never;
            responses: {
                /** @description As asked. */
                200: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/json": components["schemas"]["Deployment"];
                    };
                };
                /** @description The entity tag in `If-None-Match` is still that of the answer. */
                304: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content?: never;
                };
                /** @description Why not. */
                default: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/problem+json": components["schemas"]["Problem"];
                    };
                };
            };
        };
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/deployments/{deployment}/events": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** What became of its changes, oldest first. */
        get: {
            parameters: {
                query?: {
                    /** @description Only what follows on this place: the `next` of an earlier answer. */
                    after?: string;
                    /** @description How many items at most. */
                    limit?: number;
                };
                header?: never;
                path: {
                    deployment: string;
                };
                cookie?: never;
            };
            requestBody?: never;
            responses: {
                /** @description As asked. */
                200: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/json": components["schemas"]["EventPage"];
                    };
                };
                /** @description The entity tag in `If-None-Match` is still that of the answer. */
                304: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content?: never;
                };
                /** @description Why not. */
                default: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/problem+json": components["schemas"]["Problem"];
                    };
                };
            };
        };
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/deployments/{deployment}/logs": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** A page of its log, oldest line first. */
        get: {
            parameters: {
                query?: {
                    /** @description Only lines of this level and above. */
                    level?: "debug" | "info" | "warn" | "error";
                    /** @description Only lines from this moment on. */
                    since?: string;
                    /** @description Which page. */
                    page?: number;
                    /** @description Only what follows on the line of this id: pages that cost the same however far back they are. */
                    after?: string;
                    /** @description How many lines a page has. */
                    limit?: number;
                };
                header?: never;
                path: {
                    deployment: string;
                };
                cookie?: never;
            };
            requestBody?: never;
            responses: {
                /** @description As asked. */
                200: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/json": components["schemas"]["LogPage"];
                    };
                };
                /** @description The entity tag in `If-None-Match` is still that of the answer. */
                304: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content?: never;
                };
                /** @description Why not. */
                default: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/problem+json": components["schemas"]["Problem"];
                    };
                };
            };
        };
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/deployments/{deployment}/logs/follow": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** Its log from the first line on, as it grows: server-sent events `line`, and `end` once it is closed. */
        get: {
            parameters: {
                query?: {
                    /** @description Only lines of this level and above. */
                    level?: "debug" | "info" | "warn" | "error";
                    /** @description Only lines from this moment on. */
                    since?: string;
                    /** @description Only what follows on the line of this id; the header `Last-Event-ID` counts before it. */
                    after?: string;
                };
                header?: never;
                path: {
                    deployment: string;
                };
                cookie?: never;
            };
            requestBody?: never;
            responses: {
                /** @description As asked. */
                200: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "text/event-stream": unknown;
                    };
                };
                /** @description Why not. */
                default: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/problem+json": components["schemas"]["Problem"];
                    };
                };
            };
        };
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/diagnostics": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** What was found in the files of the newest revision. */
        get: {
            parameters: {
                query?: {
                    /** @description Only what is of this union. */
                    union?: string;
                    /** @description Only those of this severity. */
                    severity?: "error" | "warning";
                    /** @description Only those of this code. */
                    code?: "symlink" | "submodule" | "special-file" | "unreadable-path" | "size-limit" | "missing-keyforge" | "missing-union" | "misplaced-file" | "invalid-name" | "invalid-encoding" | "invalid-yaml" | "unsupported-yaml" | "empty-document" | "duplicate-key" | "ambiguous-scalar" | "unknown-api-version" | "wrong-kind" | "unknown-field" | "missing-field" | "wrong-type" | "invalid-value" | "conflicting-fields" | "name-mismatch" | "plaintext-password" | "plaintext-secret" | "sealed-elsewhere" | "sealed-for-others" | "outdated-seal" | "unheld-recipient" | "setting-not-allowed" | "image-not-allowed" | "domain-not-allowed" | "open-domain" | "unknown-union" | "limit-exceeded" | "egress-not-allowed" | "placement-not-allowed" | "gateway-not-allowed" | "annotation-not-allowed" | "secret-not-allowed" | "unenforced-range" | "shrunk-volume" | "lowered-rotation" | "request-above-limit" | "duplicate-member" | "duplicate-display-name" | "duplicate-name" | "unknown-collection" | "invalid-rename" | "missing-owner" | "confusable-name" | "duplicate-domain" | "invalid-signer" | "unsigned-commit" | "untrusted-signature" | "rewritten-history" | "long-history" | "renamed-union" | "awaiting-approval" | "refused-approval";
                    /** @description Only those in this file, by its path below the folder of `keyforge.yaml`. */
                    file?: string;
                    /** @description Only what follows on this place: the `next` of an earlier answer. */
                    after?: string;
                    /** @description How many items at most. */
                    limit?: number;
                };
                header?: never;
                path?: never;
                cookie?: never;
            };
            requestBody?: never;
            responses: {
                /** @description As asked. */
                200: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/json": components["schemas"]["DiagnosticPage"];
                    };
                };
                /** @description The entity tag in `If-None-Match` is still that of the answer. */
                304: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content?: never;
                };
                /** @description Why not. */
                default: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/problem+json": components["schemas"]["Problem"];
                    };
                };
            };
        };
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/events": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** What moves, as it moves: server-sent events, each with its place, from which another connection goes on. */
        get: {
            parameters: {
                query?: {
                    /** @description Only what happened after the event of this id; the header `Last-Event-ID` counts before it. */
                    after?: string;
                };
                header?: never;
                path?: never;
                cookie?: never;
            };
            requestBody?: never;
            responses: {
                /** @description As asked. */
                200: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "text/event-stream": unknown;
                    };
                };
                /** @description Why not. */
                default: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/problem+json": components["schemas"]["Problem"];
                    };
                };
            };
        };
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/map": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** The state of each union at a glance. */
        get: {
            parameters: {
                query?: never;
                header?: never;
                path?: never;
                cookie?: never;
            };
            requestBody?: never;
            responses: {
                /** @description As asked. */
                200: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/json": components["schemas"]["FleetMap"];
                    };
                };
                /** @description The entity tag in `If-None-Match` is still that of the answer. */
                304: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content?: never;
                };
                /** @description Why not. */
                default: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/problem+json": components["schemas"]["Problem"];
                    };
                };
            };
        };
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/map/names": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** Whose states these are: names in the order of the map. */
        get: {
            parameters: {
                query?: {
                    /** @description Which page: the first has the names of the first letters. */
                    page?: number;
                    /** @description How many names a page has. */
                    limit?: number;
                };
                header?: never;
                path?: never;
                cookie?: never;
            };
            requestBody?: never;
            responses: {
                /** @description As asked. */
                200: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/json": components["schemas"]["MapNames"];
                    };
                };
                /** @description The entity tag in `If-None-Match` is still that of the answer. */
                304: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content?: never;
                };
                /** @description Why not. */
                default: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/problem+json": components["schemas"]["Problem"];
                    };
                };
            };
        };
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/me": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** Who asks, and what they may see. */
        get: {
            parameters: {
                query?: never;
                header?: never;
                path?: never;
                cookie?: never;
            };
            requestBody?: never;
            responses: {
                /** @description As asked. */
                200: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/json": components["schemas"]["Me"];
                    };
                };
                /** @description The entity tag in `If-None-Match` is still that of the answer. */
                304: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content?: never;
                };
                /** @description Why not. */
                default: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/problem+json": components["schemas"]["Problem"];
                    };
                };
            };
        };
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/openapi.json": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** This document. */
        get: {
            parameters: {
                query?: never;
                header?: never;
                path?: never;
                cookie?: never;
            };
            requestBody?: never;
            responses: {
                /** @description As asked. */
                200: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/json": unknown;
                    };
                };
                /** @description The entity tag in `If-None-Match` is still that of the answer. */
                304: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content?: never;
                };
                /** @description Why not. */
                default: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/problem+json": components["schemas"]["Problem"];
                    };
                };
            };
        };
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/overview": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** Whether anything is broken, whose turn it is, and how far the newest commits are. */
        get: {
            parameters: {
                query?: never;
                header?: never;
                path?: never;
                cookie?: never;
            };
            requestBody?: never;
            responses: {
                /** @description As asked. */
                200: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/json": components["schemas"]["Overview"];
                    };
                };
                /** @description The entity tag in `If-None-Match` is still that of the answer. */
                304: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content?: never;
                };
                /** @description Why not. */
                default: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/problem+json": components["schemas"]["Problem"];
                    };
                };
            };
        };
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/plans": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** The plans of all unions. */
        get: {
            parameters: {
                query?: {
                    /** @description Only what follows on this place: the `next` of an earlier answer. */
                    after?: string;
                    /** @description How many items at most. */
                    limit?: number;
                };
                header?: never;
                path?: never;
                cookie?: never;
            };
            requestBody?: never;
            responses: {
                /** @description As asked. */
                200: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/json": components["schemas"]["PlanPage"];
                    };
                };
                /** @description The entity tag in `If-None-Match` is still that of the answer. */
                304: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content?: never;
                };
                /** @description Why not. */
                default: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/problem+json": components["schemas"]["Problem"];
                    };
                };
            };
        };
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/revisions": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** The commits that were fetched, the last first. */
        get: {
            parameters: {
                query?: {
                    /** @description Only those whose author's name has this text, in any case, or, for who sees all unions, whose address it is. */
                    author?: string;
                    /** @description Only those that brought documents of a union, `unions/NAME`, or of which this file was accepted as another one, `unions/NAME/union.yaml`. */
                    path?: string;
                    /** @description Only those whose documents are accepted, or held, of a union that is in this state. */
                    state?: "tombstone" | "suspended" | "failed" | "held" | "awaiting-approval" | "in-progress" | "current";
                    /** @description Only those that were fetched at this moment or later. */
                    since?: string;
                    /** @description Only what follows on this place: the `next` of an earlier answer. */
                    after?: string;
                    /** @description How many items at most. */
                    limit?: number;
                };
                header?: never;
                path?: never;
                cookie?: never;
            };
            requestBody?: never;
            responses: {
                /** @description As asked. */
                200: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/json": components["schemas"]["RevisionPage"];
                    };
                };
                /** @description The entity tag in `If-None-Match` is still that of the answer. */
                304: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content?: never;
                };
                /** @description Why not. */
                default: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/problem+json": components["schemas"]["Problem"];
                    };
                };
            };
        };
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/revisions/{commit}": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** One commit, by 7 digits of its name or more: what became of it, and where it stands in each union that it touches. */
        get: {
            parameters: {
                query?: {
                    /** @description Only unions in which it stands so. */
                    state?: "failed" | "waiting" | "in-progress" | "superseded" | "done";
                    /** @description Only unions in which this is the last step that it has reached. */
                    step?: "fetched" | "verified" | "accepted" | "planned" | "applied" | "healthy" | "provisioned";
                    /** @description Only this union, also in what is counted. */
                    union?: string;
                    /** @description Only what follows on this place: the `next` of an earlier answer. */
                    after?: string;
                    /** @description How many items at most. */
                    limit?: number;
                };
                header?: never;
                path: {
                    commit: string;
                };
                cookie?: never;
            };
            requestBody?: never;
            responses: {
                /** @description As asked. */
                200: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/json": components["schemas"]["RevisionWay"];
                    };
                };
                /** @description The entity tag in `If-None-Match` is still that of the answer. */
                304: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content?: never;
                };
                /** @description Why not. */
                default: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/problem+json": components["schemas"]["Problem"];
                    };
                };
            };
        };
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/revisions/{commit}/files": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** The files that a commit changed since the revision before, by path. */
        get: {
            parameters: {
                query?: {
                    /** @description Only what follows on this place: the `next` of an earlier answer. */
                    after?: string;
                    /** @description How many items at most. */
                    limit?: number;
                };
                header?: never;
                path: {
                    commit: string;
                };
                cookie?: never;
            };
            requestBody?: never;
            responses: {
                /** @description As asked. */
                200: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/json": components["schemas"]["RevisionFiles"];
                    };
                };
                /** @description The entity tag in `If-None-Match` is still that of the answer. */
                304: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content?: never;
                };
                /** @description Why not. */
                default: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/problem+json": components["schemas"]["Problem"];
                    };
                };
            };
        };
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/search": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** Where something is: unions, societies, people, commits and deployments, a few of each. */
        get: {
            parameters: {
                query?: {
                    /** @description A text of two characters or more within names and titles, in any case; or a whole address, the first 7 digits or more of a commit, the id of a deployment. */
                    search?: string;
                };
                header?: never;
                path?: never;
                cookie?: never;
            };
            requestBody?: never;
            responses: {
                /** @description As asked. */
                200: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/json": components["schemas"]["FoundPage"];
                    };
                };
                /** @description The entity tag in `If-None-Match` is still that of the answer. */
                304: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content?: never;
                };
                /** @description Why not. */
                default: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/problem+json": components["schemas"]["Problem"];
                    };
                };
            };
        };
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/sign-in": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** Whether somebody has to say who they are, and where people can. */
        get: {
            parameters: {
                query?: never;
                header?: never;
                path?: never;
                cookie?: never;
            };
            requestBody?: never;
            responses: {
                /** @description As asked. */
                200: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/json": components["schemas"]["SignIn"];
                    };
                };
                /** @description The entity tag in `If-None-Match` is still that of the answer. */
                304: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content?: never;
                };
                /** @description Why not. */
                default: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/problem+json": components["schemas"]["Problem"];
                    };
                };
            };
        };
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/sync": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /** Have the config repo looked at now. */
        post: {
            parameters: {
                query?: never;
                header?: never;
                path?: never;
                cookie?: never;
            };
            requestBody?: never;
            responses: {
                /** @description It will be done; `Location` tells how far that is. */
                202: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/json": components["schemas"]["Sync"];
                    };
                };
                /** @description Why not. */
                default: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/problem+json": components["schemas"]["Problem"];
                    };
                };
            };
        };
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/sync/{request}": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** What became of a request to look. */
        get: {
            parameters: {
                query?: never;
                header?: never;
                path: {
                    request: string;
                };
                cookie?: never;
            };
            requestBody?: never;
            responses: {
                /** @description As asked. */
                200: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/json": components["schemas"]["Sync"];
                    };
                };
                /** @description Why not. */
                default: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/problem+json": components["schemas"]["Problem"];
                    };
                };
            };
        };
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/unions": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** Unions by name, or the worst first. */
        get: {
            parameters: {
                query?: {
                    /** @description Only unions in this state. */
                    state?: "tombstone" | "suspended" | "failed" | "held" | "awaiting-approval" | "in-progress" | "current";
                    /** @description Only unions whose name, display name or domain has this text, in any case, and of which all is so that is written as `state:held`, `image:1.37`, `label:region=north`, `member:ana@union.example`. */
                    search?: string;
                    /** @description By `name`, as without it, or the `worst` first: what failed, is held or waits for an approval, then what is in progress, suspended, a tombstone, current. */
                    sort?: "name" | "worst";
                    /** @description Only what follows on this place: the `next` of an earlier answer. */
                    after?: string;
                    /** @description How many items at most. */
                    limit?: number;
                };
                header?: never;
                path?: never;
                cookie?: never;
            };
            requestBody?: never;
            responses: {
                /** @description As asked. */
                200: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/json": components["schemas"]["UnionPage"];
                    };
                };
                /** @description The entity tag in `If-None-Match` is still that of the answer. */
                304: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content?: never;
                };
                /** @description Why not. */
                default: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/problem+json": components["schemas"]["Problem"];
                    };
                };
            };
        };
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/unions/{union}": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** One union. */
        get: {
            parameters: {
                query?: never;
                header?: never;
                path: {
                    union: string;
                };
                cookie?: never;
            };
            requestBody?: never;
            responses: {
                /** @description As asked. */
                200: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/json": components["schemas"]["UnionDetail"];
                    };
                };
                /** @description The entity tag in `If-None-Match` is still that of the answer. */
                304: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content?: never;
                };
                /** @description Why not. */
                default: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/problem+json": components["schemas"]["Problem"];
                    };
                };
            };
        };
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/unions/{union}/deployments": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** The deployments of a union, newest first. */
        get: {
            parameters: {
                query?: {
                    /** @description Only those that ended so. */
                    outcome?: "succeeded" | "failed" | "superseded" | "interrupted";
                    /** @description Only those that were started for this. */
                    reason?: "push" | "drift" | "rotation" | "retry" | "startup" | "interval" | "schedule" | "request";
                    /** @description Only those that were opened at this moment or later. */
                    since?: string;
                    /** @description Only what follows on this place: the `next` of an earlier answer. */
                    after?: string;
                    /** @description How many items at most. */
                    limit?: number;
                };
                header?: never;
                path: {
                    union: string;
                };
                cookie?: never;
            };
            requestBody?: never;
            responses: {
                /** @description As asked. */
                200: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/json": components["schemas"]["DeploymentPage"];
                    };
                };
                /** @description The entity tag in `If-None-Match` is still that of the answer. */
                304: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content?: never;
                };
                /** @description Why not. */
                default: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/problem+json": components["schemas"]["Problem"];
                    };
                };
            };
        };
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/unions/{union}/drift": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** What somebody else made of what a union owns, and what became of it, the last first. */
        get: {
            parameters: {
                query?: {
                    /** @description Only what was so at this moment or later. */
                    since?: string;
                    /** @description Only what is of this kind. */
                    kind?: "changed" | "added" | "removed";
                    /** @description Only what was put back, or is kept. */
                    outcome?: "put-back" | "kept";
                    /** @description Only what follows on this place: the `next` of an earlier answer. */
                    after?: string;
                    /** @description How many items at most. */
                    limit?: number;
                };
                header?: never;
                path: {
                    union: string;
                };
                cookie?: never;
            };
            requestBody?: never;
            responses: {
                /** @description As asked. */
                200: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/json": components["schemas"]["DriftPage"];
                    };
                };
                /** @description The entity tag in `If-None-Match` is still that of the answer. */
                304: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content?: never;
                };
                /** @description Why not. */
                default: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/problem+json": components["schemas"]["Problem"];
                    };
                };
            };
        };
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/unions/{union}/fields": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** The fields that are in force, and who set each. */
        get: {
            parameters: {
                query?: {
                    /** @description The fields of this society instead of those of the union itself. */
                    society?: string;
                };
                header?: never;
                path: {
                    union: string;
                };
                cookie?: never;
            };
            requestBody?: never;
            responses: {
                /** @description As asked. */
                200: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/json": components["schemas"]["Fields"];
                    };
                };
                /** @description The entity tag in `If-None-Match` is still that of the answer. */
                304: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content?: never;
                };
                /** @description Why not. */
                default: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/problem+json": components["schemas"]["Problem"];
                    };
                };
            };
        };
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/unions/{union}/plan": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** What would be done for a union now. */
        get: {
            parameters: {
                query?: never;
                header?: never;
                path: {
                    union: string;
                };
                cookie?: never;
            };
            requestBody?: never;
            responses: {
                /** @description As asked. */
                200: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/json": components["schemas"]["Plan"];
                    };
                };
                /** @description The entity tag in `If-None-Match` is still that of the answer. */
                304: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content?: never;
                };
                /** @description Why not. */
                default: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/problem+json": components["schemas"]["Problem"];
                    };
                };
            };
        };
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/unions/{union}/pod-events": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** What the cluster says of the objects of a union in trouble, newest first. */
        get: {
            parameters: {
                query?: never;
                header?: never;
                path: {
                    union: string;
                };
                cookie?: never;
            };
            requestBody?: never;
            responses: {
                /** @description As asked. */
                200: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/json": components["schemas"]["ClusterEventPage"];
                    };
                };
                /** @description The entity tag in `If-None-Match` is still that of the answer. */
                304: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content?: never;
                };
                /** @description Why not. */
                default: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/problem+json": components["schemas"]["Problem"];
                    };
                };
            };
        };
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/unions/{union}/pod-logs": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** What the newest pods of a union in trouble have said last. */
        get: {
            parameters: {
                query?: never;
                header?: never;
                path: {
                    union: string;
                };
                cookie?: never;
            };
            requestBody?: never;
            responses: {
                /** @description As asked. */
                200: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/json": components["schemas"]["PodLogPage"];
                    };
                };
                /** @description The entity tag in `If-None-Match` is still that of the answer. */
                304: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content?: never;
                };
                /** @description Why not. */
                default: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/problem+json": components["schemas"]["Problem"];
                    };
                };
            };
        };
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/unions/{union}/resources": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** What a union owns in the cluster, in the order in which it was entered. */
        get: {
            parameters: {
                query?: {
                    /** @description Only what follows on this place: the `next` of an earlier answer. */
                    after?: string;
                    /** @description How many items at most. */
                    limit?: number;
                };
                header?: never;
                path: {
                    union: string;
                };
                cookie?: never;
            };
            requestBody?: never;
            responses: {
                /** @description As asked. */
                200: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/json": components["schemas"]["OwnedResourcePage"];
                    };
                };
                /** @description The entity tag in `If-None-Match` is still that of the answer. */
                304: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content?: never;
                };
                /** @description Why not. */
                default: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/problem+json": components["schemas"]["Problem"];
                    };
                };
            };
        };
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/unions/{union}/societies": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** The societies of a union, by name. */
        get: {
            parameters: {
                query?: never;
                header?: never;
                path: {
                    union: string;
                };
                cookie?: never;
            };
            requestBody?: never;
            responses: {
                /** @description As asked. */
                200: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/json": components["schemas"]["SocietyPage"];
                    };
                };
                /** @description The entity tag in `If-None-Match` is still that of the answer. */
                304: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content?: never;
                };
                /** @description Why not. */
                default: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/problem+json": components["schemas"]["Problem"];
                    };
                };
            };
        };
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/unions/{union}/societies/{society}": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** One society: its people and passwords. */
        get: {
            parameters: {
                query?: never;
                header?: never;
                path: {
                    union: string;
                    society: string;
                };
                cookie?: never;
            };
            requestBody?: never;
            responses: {
                /** @description As asked. */
                200: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/json": components["schemas"]["SocietyDetail"];
                    };
                };
                /** @description The entity tag in `If-None-Match` is still that of the answer. */
                304: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content?: never;
                };
                /** @description Why not. */
                default: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/problem+json": components["schemas"]["Problem"];
                    };
                };
            };
        };
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/unions/{union}/societies/{society}/readers": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** Who could read what of a society at a moment, and what is different since another one. */
        get: {
            parameters: {
                query?: {
                    /** @description At which moment; now, where none is given. */
                    at?: string;
                    /** @description Also what is different since this other moment. */
                    since?: string;
                };
                header?: never;
                path: {
                    union: string;
                    society: string;
                };
                cookie?: never;
            };
            requestBody?: never;
            responses: {
                /** @description As asked. */
                200: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/json": components["schemas"]["Readers"];
                    };
                };
                /** @description The entity tag in `If-None-Match` is still that of the answer. */
                304: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content?: never;
                };
                /** @description Why not. */
                default: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/problem+json": components["schemas"]["Problem"];
                    };
                };
            };
        };
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/unions/{union}/sync": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /** Have the config repo and this union looked at now. */
        post: {
            parameters: {
                query?: never;
                header?: never;
                path: {
                    union: string;
                };
                cookie?: never;
            };
            requestBody?: never;
            responses: {
                /** @description It will be done; `Location` tells how far that is. */
                202: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/json": components["schemas"]["Sync"];
                    };
                };
                /** @description Why not. */
                default: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/problem+json": components["schemas"]["Problem"];
                    };
                };
            };
        };
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/unions/{union}/timeline": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** What happened to a union, the last first; what happened again and again is told once. */
        get: {
            parameters: {
                query?: {
                    /** @description Only what happened at this moment or later. */
                    since?: string;
                    /** @description Only what happened at this moment or earlier. */
                    until?: string;
                    /** @description Only what is of this kind. */
                    kind?: "approval" | "deployment" | "drift" | "hold" | "request" | "revision" | "state";
                    /** @description Only what follows on this place: the `next` of an earlier answer. */
                    after?: string;
                    /** @description How many items at most. */
                    limit?: number;
                };
                header?: never;
                path: {
                    union: string;
                };
                cookie?: never;
            };
            requestBody?: never;
            responses: {
                /** @description As asked. */
                200: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/json": components["schemas"]["MomentPage"];
                    };
                };
                /** @description The entity tag in `If-None-Match` is still that of the answer. */
                304: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content?: never;
                };
                /** @description Why not. */
                default: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/problem+json": components["schemas"]["Problem"];
                    };
                };
            };
        };
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/health": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** Whether the daemon is of use, and what it misses; 503 before its start is complete and at its end. */
        get: {
            parameters: {
                query?: never;
                header?: never;
                path?: never;
                cookie?: never;
            };
            requestBody?: never;
            responses: {
                /** @description As asked. */
                200: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/json": components["schemas"]["Readiness"];
                    };
                };
                /** @description What is missing. */
                503: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/json": components["schemas"]["Readiness"];
                    };
                };
                /** @description Why not. */
                default: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/problem+json": components["schemas"]["Problem"];
                    };
                };
            };
        };
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/health/live": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** That the process is alive. */
        get: {
            parameters: {
                query?: never;
                header?: never;
                path?: never;
                cookie?: never;
            };
            requestBody?: never;
            responses: {
                /** @description As asked. */
                200: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "text/plain; charset=utf-8": unknown;
                    };
                };
                /** @description Why not. */
                default: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/problem+json": components["schemas"]["Problem"];
                    };
                };
            };
        };
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/health/ready": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** Whether the daemon is of use, and what it misses; 503 before its start is complete and at its end. */
        get: {
            parameters: {
                query?: never;
                header?: never;
                path?: never;
                cookie?: never;
            };
            requestBody?: never;
            responses: {
                /** @description As asked. */
                200: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/json": components["schemas"]["Readiness"];
                    };
                };
                /** @description What is missing. */
                503: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/json": components["schemas"]["Readiness"];
                    };
                };
                /** @description Why not. */
                default: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/problem+json": components["schemas"]["Problem"];
                    };
                };
            };
        };
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/metrics": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** What is counted, in the text form of OpenMetrics. */
        get: {
            parameters: {
                query?: never;
                header?: never;
                path?: never;
                cookie?: never;
            };
            requestBody?: never;
            responses: {
                /** @description As asked. */
                200: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/openmetrics-text; version=1.0.0; charset=utf-8": unknown;
                    };
                };
                /** @description Why not. */
                default: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/problem+json": components["schemas"]["Problem"];
                    };
                };
            };
        };
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
}
export type webhooks = Record<string, never>;
export interface components {
    schemas: {
        /** @enum {string} */
        Actor: "keyforge" | "member" | "officer" | "operator" | "second-person";
        /** @enum {string} */
        Alteration: "changed" | "added" | "removed";
        /** @description That the chain was whole up to a record when this was made. */
        AuditCheckpoint: {
            /**
             * Format: date-time
             * @description When it was made.
             */
            at: string;
            /**
             * @description HMAC-SHA-256, in hexadecimal, of six lines: `keyforge audit checkpoint 1`, the name of the installation, the number of this
             *     checkpoint, that of the record, the digest, and the moment in UTC with six digits behind the point.
             */
            code: string;
            /** @description The digest that it vouches for: that of the record, unless the chain was made anew. */
            digest: string;
            /**
             * Format: int64
             * @description Its place among checkpoints, from 1 without a gap.
             */
            number: number;
        };
        /** @description How a record is chained to the one before. */
        AuditLink: {
            checkpoint: components["schemas"]["AuditCheckpoint"] | null;
            /** @description SHA-256 of the bytes of the digest before, if there is one, and the text. */
            digest: string;
            /**
             * Format: int64
             * @description Its place, from 1 without a gap.
             */
            number: number;
            /** @description The digest of the record before; `null` for the first. */
            previous: string | null;
            /** @description What the digest is of beside the one before: all of the record, as a list in JSON. */
            text: string;
        };
        /** @description What was done to a union, or to `keyforge.yaml`. */
        AuditRecord: {
            /** @description Who approved what waited; `null` where nobody did, and as `author`. */
            approver: string | null;
            /**
             * Format: date-time
             * @description When it was made.
             */
            at: string;
            /** @description Who wrote that; `null` for who does not see all unions that it touched. */
            author: string | null;
            /** @description In which deployment, if in one. */
            deployment: string | null;
            /**
             * @description Numbers and words about it. Of a union that was accepted: `files`, each with the first line that is another one than
             *     before, and `signatures`, commits with the fingerprints of their keys. Of an approval: its commit and key. Of a
             *     deployment: digests of the desired state and of its plan, at its end the outcome. Of a stop of all work: why, and by which
             *     role of the database; of an anchor or key that was renewed: at which checkpoint.
             */
            detail: unknown;
            /** @description Its place among what is shown of it: what `after` takes. */
            id: string;
            link: components["schemas"]["AuditLink"] | null;
            /** @description The revision that brought it. */
            revision: string;
            /** @description Whose keys signed the commits that changed the union; empty where nobody has to sign, and as `author`. */
            signers: string[];
            /** @description To which union; `null`: to `keyforge.yaml`. */
            union: string | null;
            /** @description What was done, for example `union-accepted` or `deployment-closed`. */
            what: string;
        };
        /** @description Some of a list, in its order. */
        AuditRecordPage: {
            /** @description The items. */
            items: components["schemas"]["AuditRecord"][];
            /** @description What to give as `after` for those that follow; `null` at the end. */
            next: string | null;
        };
        /**
         * @description What somebody may do.
         * @enum {string}
         */
        CallerRole: "operator" | "viewer";
        /** @description A plan in numbers. */
        Changes: {
            /**
             * Format: int32
             * @description What is made.
             */
            create: number;
            /**
             * Format: int32
             * @description What is removed.
             */
            delete: number;
            /**
             * Format: int32
             * @description What stays.
             */
            keep: number;
            /**
             * Format: int32
             * @description What is changed.
             */
            update: number;
        };
        /** @description What the cluster says of an object in a union's namespace. */
        ClusterEvent: {
            /**
             * Format: date-time
             * @description When it was said last; `null` where that is not known.
             */
            at: string | null;
            /** @description `Normal` or `Warning`. */
            kind: string;
            /** @description In a sentence. */
            message: string;
            /** @description In one word, such as `FailedScheduling`. */
            reason: string;
            /** @description Of which object. */
            resource: components["schemas"]["Resource"];
            /**
             * Format: int64
             * @description How often.
             */
            times: number;
        };
        /** @description Some of a list, in its order. */
        ClusterEventPage: {
            /** @description The items. */
            items: components["schemas"]["ClusterEvent"][];
            /** @description What to give as `after` for those that follow; `null` at the end. */
            next: string | null;
        };
        /** @enum {string} */
        Code: "symlink" | "submodule" | "special-file" | "unreadable-path" | "size-limit" | "missing-keyforge" | "missing-union" | "misplaced-file" | "invalid-name" | "invalid-encoding" | "invalid-yaml" | "unsupported-yaml" | "empty-document" | "duplicate-key" | "ambiguous-scalar" | "unknown-api-version" | "wrong-kind" | "unknown-field" | "missing-field" | "wrong-type" | "invalid-value" | "conflicting-fields" | "name-mismatch" | "plaintext-password" | "plaintext-secret" | "sealed-elsewhere" | "sealed-for-others" | "outdated-seal" | "unheld-recipient" | "setting-not-allowed" | "image-not-allowed" | "domain-not-allowed" | "open-domain" | "unknown-union" | "limit-exceeded" | "egress-not-allowed" | "placement-not-allowed" | "gateway-not-allowed" | "annotation-not-allowed" | "secret-not-allowed" | "unenforced-range" | "shrunk-volume" | "lowered-rotation" | "request-above-limit" | "duplicate-member" | "duplicate-display-name" | "duplicate-name" | "unknown-collection" | "invalid-rename" | "missing-owner" | "confusable-name" | "duplicate-domain" | "invalid-signer" | "unsigned-commit" | "untrusted-signature" | "rewritten-history" | "long-history" | "renamed-union" | "awaiting-approval" | "refused-approval";
        /** @enum {string} */
        CollectionRight: "read" | "read-hidden" | "write" | "manage";
        /** @description Something that the daemon needs. */
        Dependency: {
            /** @description What is seen of that. */
            reason?: string;
            /**
             * Format: date-time
             * @description Since when it does not.
             */
            since?: string;
            /** @description Whether it answers. */
            status: components["schemas"]["DependencyStatus"];
        };
        /**
         * @description Whether something answers.
         * @enum {string}
         */
        DependencyStatus: "up" | "down";
        /** @description The record of one rollout of one union. */
        Deployment: {
            /** @description What is awaited, while its phase is `waiting`. */
            awaited: string | null;
            /** @description What was planned. */
            changes: components["schemas"]["Changes"];
            /**
             * Format: date-time
             * @description When it was closed.
             */
            closedAt: string | null;
            /**
             * Format: date-time
             * @description Until when it is waited for.
             */
            deadline: string | null;
            /** @description The desired state that it rolls out. */
            digest: string;
            failure: components["schemas"]["Failure"] | null;
            /** @description Its identity. */
            id: string;
            /**
             * Format: date-time
             * @description When it was opened.
             */
            openedAt: string;
            outcome: components["schemas"]["Outcome"] | null;
            /** @description Where it is. */
            phase: components["schemas"]["Phase"];
            /** @description Why it was started. */
            reason: components["schemas"]["Reason"];
            /** @description What it rolls out. */
            revision: string;
            /** @description Of which union. */
            union: string;
        };
        /** @description Some of a list, in its order. */
        DeploymentPage: {
            /** @description The items. */
            items: components["schemas"]["Deployment"][];
            /** @description What to give as `after` for those that follow; `null` at the end. */
            next: string | null;
        };
        /** @description A finding in the files of the newest revision. */
        Diagnostic: components["schemas"]["Place"] & {
            /** @description Which mistake. */
            code: components["schemas"]["Code"];
            /** @description How it can be mended, only where that is sure. */
            hint: string | null;
            /** @description The fact in a few words. */
            label: string;
            /** @description The fact, which stands alone. */
            message: string;
            /** @description Other places that are involved. */
            notes: components["schemas"]["Note"][];
            /** @description What follows from it. */
            severity: components["schemas"]["Severity"];
            /** @description Whose files; `null`: `keyforge.yaml`, or the repo as a whole. */
            union: string | null;
        };
        /** @description Some of a list, in its order. */
        DiagnosticPage: {
            /** @description The items. */
            items: components["schemas"]["Diagnostic"][];
            /** @description What to give as `after` for those that follow; `null` at the end. */
            next: string | null;
        };
        /** @description A field that somebody else changed, and that was put back. */
        Dispute: {
            /** @description Which; `null`: the whole resource. */
            field: string | null;
            /**
             * Format: date-time
             * @description When last.
             */
            lastAt: string;
            /** @description Who changed it, as far as that is known. */
            manager: string;
            /**
             * Format: int32
             * @description How often.
             */
            times: number;
        };
        /** @enum {string} */
        Done: "created" | "updated" | "deleted" | "kept" | "skipped" | "failed";
        /** @description A field that somebody else changed, or an object that they deleted. */
        Drift: {
            /** @description The deployment that put it back last. */
            deployment: string | null;
            /** @description To which of its fields; `null`: to the object itself. */
            field: string | null;
            /**
             * Format: date-time
             * @description When it was seen first.
             */
            firstAt: string;
            /** @description What was done. */
            kind: components["schemas"]["Alteration"];
            /**
             * Format: date-time
             * @description When it was put back last; of what is kept, when it changed last or was over.
             */
            lastAt: string;
            /** @description The field manager whose it was; `null`: nobody knows. */
            manager: string | null;
            /** @description What we say; `null`: nothing. Of a very long one the beginning, as a text. */
            ours?: unknown;
            /** @description What became of it. */
            outcome: components["schemas"]["DriftOutcome"];
            /** @description To which object. */
            resource: components["schemas"]["Resource"];
            /** @description Whether it is still so: it is kept, and nobody undid it. */
            stands: boolean;
            /** @description What they made of it; `null`: nothing. */
            theirs?: unknown;
            /**
             * Format: int32
             * @description How often it was put back, with no more than an hour between two times.
             */
            times: number;
        };
        /** @enum {string} */
        DriftOutcome: "put-back" | "kept";
        /** @description Some of a list, in its order. */
        DriftPage: {
            /** @description The items. */
            items: components["schemas"]["Drift"][];
            /** @description What to give as `after` for those that follow; `null` at the end. */
            next: string | null;
        };
        /** @description What became of one change of a deployment. */
        Event: {
            /**
             * Format: date-time
             * @description When.
             */
            at: string;
            /** @description What was planned: `create`, `update`, `delete` or `keep`. */
            change: string;
            /** @description What became of it, in the past tense. */
            event: components["schemas"]["Done"];
            /** @description Why, where that is not plain. */
            message: string | null;
            /** @description Of which resource. */
            resource: components["schemas"]["Resource"];
            /** @description Of which stage. */
            stage: string;
        };
        /** @description Some of a list, in its order. */
        EventPage: {
            /** @description The items. */
            items: components["schemas"]["Event"][];
            /** @description What to give as `after` for those that follow; `null` at the end. */
            next: string | null;
        };
        /** @description Why a deployment failed. */
        Failure: {
            /** @description In words for everybody. */
            message: string;
            /** @description In which stage; `null` before the first and while its health was awaited. */
            stage: string | null;
        };
        /** @description One field, and who set it. */
        Field: {
            /**
             * Format: date-time
             * @description When that was closed.
             */
            appliedAt: string | null;
            /** @description Who wrote it. */
            author: string | null;
            /** @description The commit that wrote that line. */
            commit: string | null;
            /** @description The deployment that applied the commit first; `null` if none has, or if that is too long ago. */
            deployment: string | null;
            /** @description The file that sets it: the document's, or `keyforge.yaml`. */
            file: string;
            /**
             * Format: int32
             * @description Its line there.
             */
            line: number;
            /** @description Which, for example `spec.members[1].role`. */
            path: string;
            /** @description The first line of its message; `null` for who does not see all unions. */
            subject: string | null;
            /** @description Its value in a line; a word instead of what is sealed or could be secret. */
            value: string;
            /**
             * Format: date-time
             * @description When it was written.
             */
            writtenAt: string | null;
        };
        /** @description One field that differs. */
        FieldChange: {
            /** @description What is there; absent: nothing. */
            from?: unknown;
            /** @description Which, for example `.spec.template.spec.containers[0].image`. */
            path: string;
            /** @description What will be there; absent: nothing. */
            to?: unknown;
        };
        /** @description The fields of a union's documents that are in force. */
        Fields: {
            /** @description What a file sets, in its order. What no file sets has the default that the schema names. */
            items: components["schemas"]["Field"][];
            /** @description The revision that is applied, or accepted where none is applied yet. */
            revision: string;
            /** @description Of which of its societies; `null` for the union itself. */
            society: string | null;
            /** @description Of which union. */
            union: string;
        };
        /** @description All unions at a glance. */
        FleetMap: {
            /**
             * @description The first letter of the state of each union (`t`ombstone, `s`uspended, `f`ailed, `h`eld, `a`waiting-approval,
             *     `i`n-progress, `c`urrent), in the order of their names.
             */
            states: string;
            /**
             * Format: int64
             * @description How many unions there are.
             */
            total: number;
            /** @description Of their names: another one as soon as a union comes or goes. */
            version: string;
        };
        /** @description One thing that is found. */
        Found: {
            /** @description What it is. */
            kind: components["schemas"]["FoundKind"];
            /** @description Its name, or the address of somebody. */
            name: string;
            /** @description The state of a union or of a society, the outcome or phase of a deployment; `null` where there is none. */
            state: string | null;
            /** @description Shown to people: a display name, the society of somebody, the first line of a commit. */
            title: string | null;
            /** @description Of which union; `null` for a commit. */
            union: string | null;
            /** @description The path of the page that shows it. */
            url: string;
        };
        /**
         * @description What can be found.
         * @enum {string}
         */
        FoundKind: "union" | "society" | "member" | "revision" | "deployment";
        /** @description What is found, by kind, a few of each. */
        FoundPage: {
            /** @description All of it. */
            items: components["schemas"]["Found"][];
        };
        /** @description Changes that wait for an approval together. */
        Guard: {
            /** @description The line at the end of a commit message that approves it. */
            approve: string;
            /** @description What waits, one line each. */
            changes: string[];
            /** @description Of all that. */
            digest: string;
            /** @description What it keeps from happening. */
            guard: components["schemas"]["GuardKind"];
            /** @description Why it waits. */
            why: string;
        };
        /** @enum {string} */
        GuardKind: "union-removed" | "society-removed" | "member-removed" | "last-owner" | "demotion" | "image-downgrade" | "domain-changed" | "database-kind-changed" | "storage-class-changed" | "backup-removed" | "loosened-policy" | "data-missing" | "credentials-lost" | "items-of-people";
        /**
         * @description What says who asks.
         * @enum {string}
         */
        KnownBy: "nothing" | "key" | "token" | "session";
        /** @description What became of a resource last. */
        LastChange: {
            /**
             * Format: date-time
             * @description When.
             */
            at: string;
            /** @description In which deployment. */
            deployment: string;
            /** @description What, in the past tense. */
            event: components["schemas"]["Done"];
            /** @description Why, where that is not plain. */
            message: string | null;
        };
        /** @enum {string} */
        Level: "debug" | "info" | "warn" | "error";
        /** @description One line of a log. */
        LogLine: {
            /**
             * Format: date-time
             * @description When.
             */
            at: string;
            /** @description Identifiers and numbers. */
            fields: unknown;
            /** @description Its place, from which `after` goes on. */
            id: string;
            /** @description How much it matters. */
            level: components["schemas"]["Level"];
            /** @description Readable alone. */
            message: string;
        };
        /** @description A page of a deployment's log, oldest line first. */
        LogPage: {
            /** @description What to give as `after` for what follows; `null` at the end. */
            after: string | null;
            /** @description The lines. */
            items: components["schemas"]["LogLine"][];
            /**
             * Format: int32
             * @description How many lines a page has.
             */
            limit: number;
            /**
             * Format: int64
             * @description The number of the page that follows; `null` at the end, and where `after` was asked for.
             */
            next: number | null;
            /**
             * Format: int32
             * @description Which page this is, from 1; `null` where `after` was asked for.
             */
            page: number | null;
            /**
             * Format: int64
             * @description How many lines all pages have; `null` where `after` was asked for.
             */
            total: number | null;
        };
        /** @description Whose letters some of the map's are. */
        MapNames: {
            /** @description Names, in the order of the map. */
            names: string[];
            /** @description Of all names: with another one than the map's, the map is asked anew. */
            version: string;
        };
        /** @description Who asks, and what they may see. */
        Me: {
            /** @description What says that it is them; who has a `session` can sign out. */
            by: components["schemas"]["KnownBy"];
            /** @description How they are known: an address, `key grafana`, or `this machine` where nobody has to say who they are. */
            name: string;
            /** @description What they may do. */
            role: components["schemas"]["CallerRole"];
            /** @description The unions that they see, by name; `null`: all. */
            unions: string[] | null;
            /** @description The version of the daemon that answers. */
            version: string;
        };
        /** @description One person in a society. */
        Member: {
            actor: components["schemas"]["Actor"] | null;
            /** @description The collections that they see; empty for owners and admins, who see all. */
            collections: {
                [key: string]: components["schemas"]["CollectionRight"];
            };
            /** @description Their address. */
            email: string;
            /** @description Whether a document lists them. */
            listed: boolean;
            /** @description What they wait for, or why they are there. */
            reason: string | null;
            /** @description What they may do. */
            role: components["schemas"]["Role"];
            /**
             * Format: date-time
             * @description Since when, as far as it was seen.
             */
            since: string;
            /** @description Where they are. */
            state: components["schemas"]["MemberState"];
            /**
             * Format: date
             * @description Their last day.
             */
            until: string | null;
        };
        /** @enum {string} */
        MemberState: "invited" | "accepted" | "confirmed" | "revoked" | "spoiled" | "absent";
        /** @description Something that happened, once or again and again. */
        Moment: {
            /**
             * Format: date-time
             * @description When it happened last.
             */
            at: string;
            /** @description The deployment that it is, or happened in; of several the last. */
            deployment: string | null;
            /** @description Why, or to what. */
            detail: string | null;
            drift: components["schemas"]["DriftOutcome"] | null;
            /**
             * Format: date-time
             * @description When it happened first.
             */
            firstAt: string;
            /** @description What this tells. */
            kind: components["schemas"]["MomentKind"];
            outcome: components["schemas"]["Outcome"] | null;
            reason: components["schemas"]["Reason"] | null;
            /** @description The revision that it is of. */
            revision: string | null;
            state: components["schemas"]["UnionState"] | null;
            /**
             * Format: int32
             * @description How often, with nothing else in between.
             */
            times: number;
            /** @description What happened, in a few words. */
            title: string;
        };
        /** @enum {string} */
        MomentKind: "approval" | "deployment" | "drift" | "hold" | "request" | "revision" | "state";
        /** @description Some of a list, in its order. */
        MomentPage: {
            /** @description The items. */
            items: components["schemas"]["Moment"][];
            /** @description What to give as `after` for those that follow; `null` at the end. */
            next: string | null;
        };
        /** @description A second place. */
        Note: components["schemas"]["Place"] & {
            /** @description What it has to do with the finding. */
            message: string;
        };
        /** @enum {string} */
        Outcome: "succeeded" | "failed" | "superseded" | "interrupted";
        /** @description All unions together, and what of them needs somebody. */
        Overview: {
            /** @description The unions whose members cannot log in, since what serves them does not work, by name; the first 10. */
            accessDown: string[];
            /** @description How many work: `current`, `in-progress`, `failed` or `unknown`; a word without unions is left out. */
            countsByHealth: {
                [key: string]: number;
            };
            /** @description How many are in which state; a state without unions is left out. */
            countsByState: {
                [key: string]: number;
            };
            /**
             * Format: int64
             * @description How many rollouts of the last day put back what somebody had changed.
             */
            driftToday: number;
            /** @description The unions that failed, are held or wait for an approval, in this order and by name; the first 50. */
            needsPerson: components["schemas"]["Union"][];
            /** @description The revision that was accepted last. */
            revision: string | null;
            /** @description The newest commits, those that were fetched last first. */
            revisions: components["schemas"]["RevisionDetail"][];
            source: components["schemas"]["Source"] | null;
            stopped: components["schemas"]["Stopped"] | null;
            /**
             * Format: int64
             * @description How many unions there are.
             */
            total: number;
        };
        /** @description A resource that a union owns. */
        OwnedResource: components["schemas"]["Resource"] & {
            /** @description For example `apps/v1`. */
            apiVersion: string;
            /** @description Its fields that somebody else changed within the hour, and that were put back. */
            disputes: components["schemas"]["Dispute"][];
            /**
             * Format: date-time
             * @description When it was entered into the inventory, which is before it is made.
             */
            enteredAt: string;
            lastChange: components["schemas"]["LastChange"] | null;
            /** @description Whether the API server has confirmed that it was made. */
            made: boolean;
        };
        /** @description Some of a list, in its order. */
        OwnedResourcePage: {
            /** @description The items. */
            items: components["schemas"]["OwnedResource"][];
            /** @description What to give as `after` for those that follow; `null` at the end. */
            next: string | null;
        };
        /** @description One password of a society. */
        Password: {
            /**
             * Format: date-time
             * @description When the value was drawn or sealed.
             */
            changedAt: string | null;
            /** @description The collection that it is in. */
            collection: string;
            /** @description `generated` or `sealed`; `null`: it is not in the vault yet. */
            kind: string | null;
            /** @description Its name. */
            name: string;
            /**
             * Format: int32
             * @description The number of the generated value that is there.
             */
            rotation: number | null;
        };
        /** @enum {string} */
        Phase: "running" | "waiting" | "closed";
        /** @description A place in a file of the config repo. Lines and columns count from 1, in characters; the end is exclusive. */
        Place: {
            /**
             * Format: int32
             * @description First column.
             */
            column: number;
            /**
             * Format: int32
             * @description The column after the last character.
             */
            endColumn: number;
            /**
             * Format: int32
             * @description Last line.
             */
            endLine: number;
            /**
             * Format: int32
             * @description First line.
             */
            line: number;
            /** @description Path from the root of the config, with `/`. */
            path: string;
        };
        /** @description What would be done for a union now. */
        Plan: {
            /** @description What the server is deleting: the plan goes on when it is gone. */
            awaited: components["schemas"]["Resource"][];
            /** @description In order; what stays is left out. Values of secrets are fingerprints. */
            changes: components["schemas"]["PlannedChange"][];
            /** @description The desired state that it leads to; `null` where it is refused. */
            digest: string | null;
            /** @description What a person should know. */
            findings: string[];
            /** @description What of its newest documents waits for an approval. */
            guards: components["schemas"]["Guard"][];
            /** @description What to do about that. */
            hint: string | null;
            /**
             * Format: date-time
             * @description When cluster and union were looked at.
             */
            lookedAt: string;
            /** @description Of which union. */
            name: string;
            /** @description Why nothing may be done. */
            refused: string | null;
            /** @description The revision that it leads to. */
            revision: string;
            waits: components["schemas"]["Waits"] | null;
        };
        /** @description Some of a list, in its order. */
        PlanPage: {
            /** @description The items. */
            items: components["schemas"]["Plan"][];
            /** @description What to give as `after` for those that follow; `null` at the end. */
            next: string | null;
        };
        /** @description One change of a plan. */
        PlannedChange: {
            /** @description `create`, `update` or `delete`. */
            change: string;
            /** @description Whether the API server has tried it: what is not there yet cannot be. */
            dryRun: boolean;
            /** @description What differs; empty for what is made or removed as a whole. */
            fields: components["schemas"]["FieldChange"][];
            /** @description Of which resource. */
            resource: components["schemas"]["Resource"];
            /** @description In which stage. */
            stage: string;
            /** @description Field managers whose fields become ours. */
            takenOverFrom: string[];
            /** @description The change in a line. */
            text: string;
        };
        /** @description One line of it. */
        PodLine: {
            /**
             * Format: date-time
             * @description When it was written; `null` where that is not known.
             */
            at: string | null;
            /** @description What was written. */
            message: string;
        };
        /** @description What one container has said last. What looks like a secret is masked. */
        PodLog: {
            /** @description Its name. */
            container: string;
            /** @description Its last lines, the oldest first. */
            items: components["schemas"]["PodLine"][];
            /** @description Its pod. */
            pod: string;
            /** @description Whether this is what it said before it was started again. */
            previous: boolean;
            /** @description Why there are none; `null` where they could be read. */
            reason: string | null;
        };
        /** @description Some of a list, in its order. */
        PodLogPage: {
            /** @description The items. */
            items: components["schemas"]["PodLog"][];
            /** @description What to give as `after` for those that follow; `null` at the end. */
            next: string | null;
        };
        /** @description Why a request was not answered as asked (RFC 9457, `application/problem+json`). */
        Problem: {
            /** @description The last part of `type`. */
            code: string;
            /** @description What is wrong with this request. */
            detail?: string;
            /** @description The request, as the daemon's log names it. */
            requestId: string;
            /**
             * Format: int32
             * @description The status of the answer.
             */
            status: number;
            /** @description Which problem, the same for each of its kind. */
            title: string;
            /** @description `urn:keyforge:problem:<code>`. */
            type: string;
        };
        /** @description When a revision came how far in a union. */
        ReachedAt: {
            /**
             * Format: date-time
             * @description When the first one was applied.
             */
            applied: string | null;
            /**
             * Format: date-time
             * @description When it was fetched.
             */
            fetched: string;
            /**
             * Format: date-time
             * @description When the first one that succeeded was over, and the union healthy.
             */
            healthy: string | null;
            /**
             * Format: date-time
             * @description When its documents were judged: accepted, held back, or refused.
             */
            judged: string | null;
            /**
             * Format: date-time
             * @description When its first rollout was planned; `null`: it was not, or nothing was to be done.
             */
            planned: string | null;
        };
        /** @description Somebody who could read. */
        Reader: {
            /** @description What they could do in each collection; `null`: they managed all. `read-hidden` is advice to clients: they get the values too. */
            collections: {
                [key: string]: components["schemas"]["CollectionRight"];
            } | null;
            /** @description Their address. */
            email: string;
            /** @description What they were in the society. */
            role: components["schemas"]["Role"];
            /**
             * Format: date
             * @description Their last day.
             */
            until: string | null;
        };
        /** @description Somebody could do something else in a collection than before. */
        ReaderChange: {
            /** @description In which collection; `null`: in all that there are. */
            collection: string | null;
            /** @description Their address. */
            email: string;
            from: components["schemas"]["CollectionRight"] | null;
            to: components["schemas"]["CollectionRight"] | null;
        };
        /**
         * @description Who could read what of a society at a moment, by the documents that were accepted then. Somebody who was to be let in or kept
         *     out was so a moment later, when the vault was brought there.
         */
        Readers: {
            /**
             * Format: date-time
             * @description At which moment, as it was asked for; `null`: now.
             */
            at: string | null;
            /** @description What is different since the other moment; `null` where none was given. */
            changes: components["schemas"]["ReaderChange"][] | null;
            /** @description The passwords in each collection. */
            collections: {
                [key: string]: string[];
            };
            /** @description By address. */
            items: components["schemas"]["Reader"][];
            /**
             * Format: date-time
             * @description Since when that had been so.
             */
            listedSince: string;
            /** @description The revision that had brought what counted then. */
            revision: string;
            /** @description Of which of its societies. */
            society: string;
            /** @description Of which union. */
            union: string;
        };
        /** @description What a probe is told. */
        Readiness: {
            /** @description By name, everything that it needs. */
            dependencies: {
                [key: string]: components["schemas"]["Dependency"];
            };
            /** @description What was found in `keyforge.yaml` and in the config repo as a whole, the first of it. */
            diagnostics: components["schemas"]["Diagnostic"][];
            source: components["schemas"]["Source"] | null;
            /** @description Whether work is done, and with everything that it needs. */
            status: components["schemas"]["ReadinessStatus"];
            /** @description The version of this program. */
            version: string;
        };
        /**
         * @description How ready the daemon is.
         * @enum {string}
         */
        ReadinessStatus: "ready" | "degraded" | "starting" | "stopping";
        /** @enum {string} */
        Reason: "push" | "drift" | "rotation" | "retry" | "startup" | "interval" | "schedule" | "request";
        /** @description Which Kubernetes object. */
        Resource: {
            /** @description For example `Deployment`. */
            kind: string;
            /** @description Its name. */
            name: string;
            /** @description `null` for what is in no namespace. */
            namespace: string | null;
        };
        /** @description A commit of the followed branch. */
        Revision: {
            /** @description Who wrote it; `null` for the same. */
            author: string | null;
            /** @description Its 40 hexadecimal digits. */
            commit: string;
            /**
             * Format: date-time
             * @description When, by the committer's clock.
             */
            committedAt: string;
            /**
             * Format: date-time
             * @description When it was fetched first.
             */
            fetchedAt: string;
            /** @description The same as it is printed elsewhere, with its branch. */
            revision: string;
            /** @description The first line of its message; `null` for who does not see all unions that it touched. */
            subject: string | null;
        };
        /** @description A revision, looked at alone. */
        RevisionDetail: components["schemas"]["Revision"] & {
            /**
             * Format: int64
             * @description How many of these have applied them in full.
             */
            applied: number;
            /**
             * Format: date-time
             * @description When the last of them that is over was closed.
             */
            closedAt: string | null;
            /** @description The unions whose accepted documents it brought, by their state now. */
            countsByState: {
                [key: string]: number;
            };
            /** @description Its deployments that are over, by outcome. */
            deployments: {
                [key: string]: number;
            };
            /** @description Whether it is the revision that was accepted last. */
            head: boolean;
            /**
             * Format: int64
             * @description How many of its deployments go on.
             */
            open: number;
            /**
             * Format: date-time
             * @description When the first of its deployments was opened.
             */
            openedAt: string | null;
        };
        /** @description A file that a revision changed. */
        RevisionFile: {
            /**
             * Format: int64
             * @description How many lines came; `null`: it is no text, or too large.
             */
            added: number | null;
            /** @description What was done to it. */
            change: components["schemas"]["Alteration"];
            /** @description Its path below the folder of `keyforge.yaml`. */
            path: string;
            /**
             * Format: int64
             * @description How many lines went; `null` for the same.
             */
            removed: number | null;
        };
        /** @description The files that a revision changed. */
        RevisionFiles: {
            /** @description By path. */
            items: components["schemas"]["RevisionFile"][];
            /** @description What to give as `after` for those that follow; `null` at the end. */
            next: string | null;
            /**
             * @description The revision that it is compared with, the one before it; `null` where it is compared with its parent, and for who does
             *     not see all unions.
             */
            since: string | null;
            /**
             * Format: int64
             * @description How many there are on all pages.
             */
            total: number;
        };
        /** @description Some of a list, in its order. */
        RevisionPage: {
            /** @description The items. */
            items: components["schemas"]["Revision"][];
            /** @description What to give as `after` for those that follow; `null` at the end. */
            next: string | null;
        };
        /** @enum {string} */
        RevisionState: "failed" | "waiting" | "in-progress" | "superseded" | "done";
        /** @enum {string} */
        RevisionStep: "fetched" | "verified" | "accepted" | "planned" | "applied" | "healthy" | "provisioned";
        /** @description Where a revision stands in one union. */
        RevisionUnion: {
            actor: components["schemas"]["Actor"] | null;
            ahead: components["schemas"]["RevisionStep"] | null;
            code: components["schemas"]["Code"] | null;
            /** @description Its deployment, the newest. */
            deployment: string | null;
            /** @description Shown to people. */
            displayName: string;
            /** @description The way out, in a sentence. */
            hint: string | null;
            place: components["schemas"]["Place"] | null;
            /** @description When it came so far. */
            reachedAt: components["schemas"]["ReachedAt"];
            /** @description What stands in its way. */
            reason: string | null;
            /** @description Whether it removes the union. */
            removes: boolean;
            /**
             * Format: date-time
             * @description Since when it stands so.
             */
            since: string;
            /** @description How it stands. */
            state: components["schemas"]["RevisionState"];
            /** @description The last step that it has reached. */
            step: components["schemas"]["RevisionStep"];
            /** @description The revision that took its place. */
            supersededBy: string | null;
            /** @description Which union. */
            union: string;
            unionState: components["schemas"]["UnionState"] | null;
        };
        /** @description A revision, and where it stands in each union that it touches. */
        RevisionWay: components["schemas"]["RevisionDetail"] & {
            /** @description The commit that was asked for, where it is no revision itself: it came with this one. */
            asked: string | null;
            /** @description The same of those that are applied. */
            done: components["schemas"]["Changes"];
            /** @description The unions that are asked for: those that failed first, then those that wait, by name. */
            items: components["schemas"]["RevisionUnion"][];
            /** @description What to give as `after` for those that follow; `null` at the end. */
            next: string | null;
            /** @description What the plans of its rollouts change, of each union the first. As `steps`, where `union` is given, of it alone. */
            planned: components["schemas"]["Changes"];
            /** @description The revision before it on its branch; `null` for the first, and for who does not see all unions. */
            previous: string | null;
            signature: components["schemas"]["Signature"] | null;
            /** @description How many unions have reached each step, in the order of steps. Where `union` is given, what is counted is it alone. */
            steps: components["schemas"]["StepCount"][];
            /**
             * Format: int64
             * @description How many unions it touches.
             */
            total: number;
            /** @description In how many unions it stands how; a state without unions is left out. */
            unionsByState: {
                [key: string]: number;
            };
        };
        /** @enum {string} */
        Role: "owner" | "admin" | "manager" | "member";
        /** @enum {string} */
        Severity: "error" | "warning";
        /** @description Whether somebody has to say who they are, and where people can. */
        SignIn: {
            /** @description The path that sends a browser to the identity provider, and after that to the path in `return`; `null`: people need a key. */
            page: string | null;
            /** @description Whether anything is told without it. */
            required: boolean;
        };
        /** @description Who vouches for a revision. */
        Signature: {
            /** @description The commits that are signed, with the fingerprints of their keys. */
            commits: components["schemas"]["SignedCommit"][];
            /** @description Whose keys signed its commits. */
            signers: string[];
            /** @description Whether that is enough. */
            state: components["schemas"]["SignatureState"];
            /** @description Why it is not enough. */
            why: string | null;
        };
        /** @enum {string} */
        SignatureState: "refused" | "vouched" | "not-asked";
        /** @description A commit that is signed by somebody who may. */
        SignedCommit: {
            /** @description Its 40 hexadecimal digits. */
            commit: string;
            /** @description The fingerprint of the key; `null`: only the name of its author is known. */
            key: string | null;
        };
        /** @description One society of a union, as lists show it. */
        Society: {
            /** @description Shown to people. */
            displayName: string;
            /** @description What a person should know. Each with its remedy. */
            findings: string[];
            /**
             * Format: int32
             * @description How many people are in it or invited to it.
             */
            members: number;
            /** @description Its name. */
            name: string;
            /**
             * Format: int32
             * @description How many passwords of its document are in the vault.
             */
            passwords: number;
            /** @description Its state inside of the vault. */
            state: components["schemas"]["SocietyState"];
            /**
             * Format: date-time
             * @description When something of this changed; `null`: it is not in the vault yet.
             */
            updatedAt: string | null;
            /** @description Who waits for somebody else than Keyforge. */
            waits: components["schemas"]["Member"][];
        };
        /** @description One society, looked at alone. */
        SocietyDetail: components["schemas"]["Society"] & {
            /** @description The names of its collections in the vault. */
            collections: string[];
            /** @description How many people are how far. */
            countsByMemberState: {
                [key: string]: number;
            };
            /** @description The passwords of its document by name. Never a value. */
            items: components["schemas"]["Password"][];
            /** @description Its people by address, also those whom no document lists. */
            people: components["schemas"]["Member"][];
        };
        /** @description Some of a list, in its order. */
        SocietyPage: {
            /** @description The items. */
            items: components["schemas"]["Society"][];
            /** @description What to give as `after` for those that follow; `null` at the end. */
            next: string | null;
        };
        /** @enum {string} */
        SocietyState: "current" | "in-progress" | "blocked" | "removed";
        /** @description The config repo at the last look. */
        Source: {
            /** @description The followed branch. */
            branch: string;
            /**
             * Format: date-time
             * @description When it was looked at last.
             */
            lookedAt: string;
            /** @description In words, where there is more to say than that it is followed. */
            reason?: string;
            /** @description What goes on meanwhile: the revision that was accepted last. */
            revision: string | null;
            /**
             * Format: date-time
             * @description Since when that is so.
             */
            since: string;
            /** @description How it was found. */
            state: components["schemas"]["SourceState"];
        };
        /**
         * @description How the followed branch was found.
         * @enum {string}
         */
        SourceState: "followed" | "missing" | "rewritten" | "unreachable";
        /** @description How many unions have reached a step of a revision. */
        StepCount: {
            /**
             * Format: date-time
             * @description When the last of those that have reached it did, as far as it is known.
             */
            at: string | null;
            /** @description Unions that failed or wait before it, by name; the first three. */
            lost: string[];
            /**
             * Format: int64
             * @description How many there are that go so far: a union that is removed is through once it is applied.
             */
            of: number;
            /**
             * Format: int64
             * @description How many have reached it.
             */
            reached: number;
            /** @description Which. */
            step: components["schemas"]["RevisionStep"];
        };
        /** @description That nobody works on any union (`keyforge stop`). */
        Stopped: {
            /**
             * Format: date-time
             * @description Since when.
             */
            since: string;
            /** @description Why, in words of who stopped it. */
            why: string;
        };
        /** @description A request to look at the config repo, and at one union, at once. */
        Sync: {
            /**
             * Format: date-time
             * @description When.
             */
            askedAt: string;
            /** @description Who asked first. Whoever asks for the same before it is looked gets the same request. */
            askedBy: string;
            /**
             * @description Whether the config repo was looked at, and somebody has worked on the union since: from then on what is told of the
             *     revision and of the union is the answer.
             */
            done: boolean;
            /** @description By which it is found at `/api/v1/sync/{request}`, for a day. */
            id: string;
            /**
             * Format: date-time
             * @description When the config repo was looked at since; `null`: it was not yet.
             */
            lookedAt: string | null;
            /** @description Why nothing was found there; `null` where it was followed. */
            reason: string | null;
            /** @description The revision that counted after that look; `null` before, and where none ever did. */
            revision: string | null;
            /** @description The union that is looked at too; `null`: only what the config repo changes. */
            union: string | null;
        };
        /** @description One union, as lists show it. */
        Union: {
            actor: components["schemas"]["Actor"] | null;
            /** @description The newest revision whose state of this union is applied in full. */
            appliedRevision: string | null;
            /** @description The newest revision whose state of this union is accepted. */
            desiredRevision: string | null;
            /** @description Shown to people; the name, until a document was accepted. */
            displayName: string;
            /** @description The URL that members use; `null` until a document was accepted. */
            domain: string | null;
            /** @description Does it work? `current`, `in-progress`, `failed` or `unknown`. */
            health: string;
            /** @description The image of its server; `null` until a document was accepted. */
            image: string | null;
            /**
             * Format: int32
             * @description How many members its societies have together.
             */
            members: number;
            /** @description Its name. */
            name: string;
            place: components["schemas"]["Place"] | null;
            /** @description Why it is in its state. */
            reason: string | null;
            /**
             * Format: date-time
             * @description Since when it is in its state.
             */
            since: string;
            /**
             * Format: int32
             * @description How many societies it has.
             */
            societies: number;
            /** @description Its state. */
            state: components["schemas"]["UnionState"];
            /**
             * Format: date-time
             * @description When something of this changed.
             */
            updatedAt: string;
        };
        /** @description One union, looked at alone. */
        UnionDetail: components["schemas"]["Union"] & {
            /**
             * @description What a person should know although the rollout goes on: objects in its namespace that are not of Keyforge, fields
             *     that somebody changes again and again. Each with its remedy.
             */
            findings: string[];
            /** @description What of its newest documents waits for an approval. */
            guards: components["schemas"]["Guard"][];
            /** @description What its health waits for, or why it failed. */
            healthReason: string | null;
            /**
             * Format: date-time
             * @description Until when its data is kept; `null` for a union that is not removed.
             */
            keptUntil: string | null;
        };
        /** @description Some unions, and how many there are of which kind. */
        UnionPage: {
            /** @description How many unions with the text that is searched for are in which state; a state without unions is left out. */
            countsByState: {
                [key: string]: number;
            };
            /** @description The unions. */
            items: components["schemas"]["Union"][];
            /** @description What to give as `after` for those that follow; `null` at the end. */
            next: string | null;
            /** @description The revision that was accepted last. */
            revision: string | null;
            stopped: components["schemas"]["Stopped"] | null;
            /**
             * Format: int64
             * @description How many there are on all pages.
             */
            total: number;
        };
        /** @enum {string} */
        UnionState: "tombstone" | "suspended" | "failed" | "held" | "awaiting-approval" | "in-progress" | "current";
        /** @description What of a plan is not done now. */
        Waits: {
            /** @description The field of the document that says so: `updateWindow` or `suspend`. */
            cause: string;
            /** @description What waits. */
            changes: components["schemas"]["PlannedChange"][];
            /**
             * Format: date-time
             * @description When that ends; `null`: by a commit only.
             */
            until: string | null;
            /** @description The same for people: until when, who says so, and why. */
            why: string;
        };
    };
    responses: never;
    parameters: never;
    requestBodies: never;
    headers: never;
    pathItems: never;
}
export type $defs = Record<string, never>;
export type operations = Record<string, never>;

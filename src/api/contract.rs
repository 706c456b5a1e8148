//! The contract: what every route says of itself, as OpenAPI 3.1.
//!
//! Written from the table of routes and the wire types, so nothing of it is kept by hand; `tests/api/contract.rs` asks every
//! path that stands in it.

use std::collections::BTreeMap;
use std::sync::Arc;

use http::Method;
use utoipa::openapi::path::{OperationBuilder, ParameterBuilder, ParameterIn};
use utoipa::openapi::schema::{KnownFormat, ObjectBuilder, Schema, SchemaFormat, SchemaType, Type};
use utoipa::openapi::security::{HttpAuthScheme, HttpBuilder, SecurityRequirement, SecurityScheme};
use utoipa::openapi::{
    ComponentsBuilder, ContentBuilder, HttpMethod, InfoBuilder, License, OpenApi, OpenApiBuilder, PathItem,
    PathsBuilder, Ref, RefOr, Required, ResponseBuilder,
};
use utoipa::{PartialSchema as _, ToSchema as _};

use super::access::Audience;
use super::problem::Problem;
use super::query::{Kind, MAX_TEXT, Parameter};
use super::route::{self, Described, Form, Route};
use super::{State, wire};

/// How callers say who they are.
const API_KEY: &str = "apiKey";

/// The route that tells it, itself among the others.
pub(super) fn route(state: &State, table: &[Route]) -> Route {
    let own = Described {
        path: "/api/v1/openapi.json",
        method: Method::GET,
        about: "This document.",
        parameters: &[],
        audience: Audience::Anyone,
        form: Form::other("application/json").tagged(),
    };
    let mut described: Vec<_> = table.iter().map(|route| route.described.clone()).collect();
    described.push(own.clone());
    let document: Arc<Result<_, Problem>> = Arc::new(Ok(document(described)));
    Route::new(own, state, move |_, (): (), asked| {
        let answer = route::json(&document, &asked.headers);
        async { answer }
    })
}

fn document(table: Vec<Described>) -> OpenApi {
    let mut schemas = BTreeMap::from([(wire::Problem::name().into_owned(), wire::Problem::schema())]);
    let mut paths = PathsBuilder::new();
    for route in table {
        let method = if route.method == Method::GET { HttpMethod::Get } else { HttpMethod::Post };
        paths = paths.path(route.path, PathItem::new(method, operation(&route)));
        schemas.extend(route.form.shape.into_iter().flat_map(|shape| shape.schemas));
    }
    schemas.values_mut().for_each(always_told);
    let info = InfoBuilder::new()
        .title("Keyforge")
        .version(env!("CARGO_PKG_VERSION"))
        .description(Some(env!("CARGO_PKG_DESCRIPTION")))
        .license(Some(License::new(env!("CARGO_PKG_LICENSE"))));
    let key = HttpBuilder::new()
        .scheme(HttpAuthScheme::Bearer)
        .description(Some("An API key, or a token of the identity provider. Not needed where the daemon asks nobody who they are (`auth`)."));
    let components = ComponentsBuilder::new()
        .schemas_from_iter(schemas)
        .security_scheme(API_KEY, SecurityScheme::Http(key.build()));
    OpenApiBuilder::new().info(info.build()).paths(paths.build()).components(Some(components.build())).build()
}

/// Makes required what may be `null`: a field that may be left out is never `null` (`wire`), and the derivation knows only that
/// both are options.
fn always_told(schema: &mut RefOr<Schema>) {
    match schema {
        RefOr::T(Schema::Object(object)) => {
            let options = object.properties.iter().filter(|(_, property)| may_be_null(property));
            let options =
                options.map(|(name, _)| name.clone()).filter(|name| !object.required.contains(name));
            let options: Vec<_> = options.collect();
            object.required.extend(options);
        }
        // Fields of another type among one's own.
        RefOr::T(Schema::AllOf(all)) => all.items.iter_mut().for_each(always_told),
        _ => {}
    }
}

fn may_be_null(schema: &RefOr<Schema>) -> bool {
    let has_null = |of: &SchemaType| match of {
        SchemaType::Type(one) => *one == Type::Null,
        SchemaType::Array(several) => several.contains(&Type::Null),
        SchemaType::AnyValue => false,
    };
    match schema {
        RefOr::T(Schema::Object(object)) => has_null(&object.schema_type),
        RefOr::T(Schema::Array(array)) => has_null(&array.schema_type),
        RefOr::T(Schema::OneOf(one)) => one.items.iter().any(may_be_null),
        _ => false,
    }
}

fn operation(route: &Described) -> OperationBuilder {
    let named = route.path.split('/').filter_map(|part| part.strip_prefix('{')?.strip_suffix('}'));
    let named = named.map(|name| {
        let parameter = ParameterBuilder::new().name(name).parameter_in(ParameterIn::Path);
        parameter.required(Required::True).schema(Some(name_schema(name))).build()
    });
    let asked = route.parameters.iter().map(|Parameter { name, about, kind }| {
        let parameter = ParameterBuilder::new().name(*name).parameter_in(ParameterIn::Query);
        let parameter = parameter.required(Required::False).description(Some(*about));
        parameter.schema(Some(schema(name, *kind))).build()
    });
    let shape = route.form.shape.as_ref().map(|shape| Ref::from_schema_name(&shape.name));
    let content = ContentBuilder::new().schema(shape).build();
    let problem = ContentBuilder::new().schema(Some(Ref::from_schema_name(wire::Problem::name())));
    let response = |description: &str| ResponseBuilder::new().description(description);
    let (status, told) = match route.method {
        Method::GET => ("200", "As asked."),
        _ => ("202", "It will be done; `Location` tells how far that is."),
    };
    let mut operation = OperationBuilder::new()
        .summary(Some(route.about))
        .parameters(Some(named.chain(asked).collect::<Vec<_>>()))
        .response(status, response(told).content(route.form.media, content.clone()).build())
        .response(
            "default",
            response("Why not.").content("application/problem+json", problem.build()).build(),
        );
    if route.audience != Audience::Anyone {
        operation = operation.security(SecurityRequirement::new::<_, [String; 0], String>(API_KEY, []));
    }
    if route.form.is_of_probes {
        let not_ready = response("What is missing.").content(route.form.media, content);
        operation = operation.response("503", not_ready.build());
    }
    if route.form.is_tagged {
        let not_modified = response("The entity tag in `If-None-Match` is still that of the answer.");
        operation = operation.response("304", not_modified.build());
    }
    operation
}

/// The form of a name (`names`).
const LABEL: &str = "^[a-z0-9]([a-z0-9-]*[a-z0-9])?$";

/// What a part of a path, or a parameter, is named by.
fn name_schema(name: &str) -> Schema {
    let text = ObjectBuilder::new().schema_type(Type::String);
    match name {
        "deployment" | "request" => text.format(Some(SchemaFormat::KnownFormat(KnownFormat::Uuid))),
        "commit" => text.pattern(Some("^[0-9a-fA-F]{7,40}$")),
        "union" => text.pattern(Some(LABEL)).max_length(Some(50)),
        _ => text.pattern(Some(LABEL)).max_length(Some(63)),
    }
    .into()
}

fn schema(name: &str, kind: Kind) -> Schema {
    let text = ObjectBuilder::new().schema_type(Type::String);
    match kind {
        Kind::Text => text.max_length(Some(MAX_TEXT)),
        Kind::Name => return name_schema(name),
        Kind::Commit => text.pattern(Some("^[0-9a-fA-F]{40}$")),
        Kind::Place => text,
        Kind::Word(words) => text.enum_values(Some(words.iter().copied())),
        Kind::Number { default, most } => ObjectBuilder::new()
            .schema_type(Type::Integer)
            .minimum(Some(1))
            .maximum(Some(most))
            .default(Some(default.into())),
        Kind::Moment => text.format(Some(SchemaFormat::KnownFormat(KnownFormat::DateTime))),
    }
    .into()
}

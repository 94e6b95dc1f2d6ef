//! The generated part of the sources: types, parameters, handlers and the router.

use indexmap::IndexMap;
use proc_macro2::TokenStream;
use quote::{ToTokens, format_ident, quote};

use crate::{
    docs,
    names::ident,
    operations::{Answer, Body, Handler},
    project::StubError,
    types::Types,
};

/// Items of Rust as text, with an empty line between them.
fn items(items: impl IntoIterator<Item = TokenStream>) -> Result<String, StubError> {
    let mut texts = Vec::new();
    for tokens in items {
        let file = syn::parse2::<syn::File>(tokens.clone());
        let mut file = file.map_err(|error| StubError::Generated { cause: error.to_string(), code: tokens.to_string() })?;
        // One by one: the printer leaves no empty line between items.
        for item in std::mem::take(&mut file.items) {
            file.items = vec![item];
            texts.push(prettyplease::unparse(&file));
        }
    }
    Ok(texts.join("\n"))
}

/// `src/types.rs`.
pub(crate) fn types(types: &mut Types<'_>) -> Result<String, StubError> {
    let rendered = types.render();
    let text = items(rendered)?;
    let derives = ["Deserialize", "Deserializer", "Serialize"];
    let used = derives.into_iter().filter(|name| {
        text.contains(&format!("{name},")) || text.contains(&format!("{name})")) || text.contains(&format!("{name}<"))
    });
    let used: Vec<&str> = used.collect();
    let uses = match used.as_slice() {
        [] => String::new(),
        [one] => format!("use serde::{one};\n\n"),
        many => format!("use serde::{{{}}};\n\n", many.join(", ")),
    };
    Ok(format!("//! The types of the document.\n\n{uses}{text}"))
}

/// `src/parameters.rs`: a struct for each operation that has parameters.
pub(crate) fn parameters(handlers: &[Handler], types: &Types<'_>) -> Result<String, StubError> {
    let structs = handlers.iter().filter_map(|handler| Some((handler, handler.parameters.as_ref()?)));
    let structs: Vec<TokenStream> = structs
        .map(|(handler, parameters)| {
            let name = ident(&parameters.name);
            let docs = docs::attributes(&[format!("The parameters of `{}`.", handler.operation.replace('`', ""))]);
            let fields = parameters.fields.iter().map(|field| {
                let (docs, name) = (docs::attributes(&field.docs), ident(&field.field));
                let kind = types.name(&field.kind, &quote!(types::));
                quote!(#docs pub #name: #kind)
            });
            let reads = parameters.fields.iter().map(|field| {
                let (field, place, name) = (ident(&field.field), format_ident!("{}", field.place), &field.name);
                quote!(#field: ValidParameters::read(request, Place::#place, #name)?)
            });
            quote! {
                #docs
                #[derive(Debug, Clone)]
                pub struct #name { #(#fields,)* }

                impl<'a> FromRequest<'a> for #name {
                    async fn from_request(request: &'a Request, _: &mut RequestBody) -> poem::Result<Self> {
                        Ok(Self { #(#reads,)* })
                    }
                }
            }
        })
        .collect();
    if structs.is_empty() {
        return Ok("//! No operation of the document has parameters.\n".to_owned());
    }
    let text = items(structs)?;
    let uses_types = if text.contains("types::") { "\nuse crate::types;\n" } else { "" };
    Ok(format!(
        "//! The parameters of the operations, as the contract has validated them.\n\n\
         use openapi_server::contract::{{Place, ValidParameters}};\nuse poem::{{FromRequest, Request, RequestBody}};\n{uses_types}\n{text}"
    ))
}

/// A handler that is not written yet.
pub(crate) fn handler(handler: &Handler, types: &Types<'_>) -> Result<String, StubError> {
    let (docs, function, operation) = (docs::attributes(&handler.docs), ident(&handler.function), &handler.operation);
    let parameters = handler.parameters.as_ref().map(|parameters| {
        let name = ident(&parameters.name);
        quote!(_parameters: parameters::#name)
    });
    let body = handler.body.as_ref().map(|body| match body {
        Body::Value(kind) => {
            let kind = types.name(kind, &quote!(types::));
            quote!(Body(_body): Body<#kind>)
        }
        Body::Bytes => quote!(Bytes(_body): Bytes),
    });
    let answer = match &handler.answer {
        Answer::Json(status, kind) => {
            let (status, kind) = (proc_macro2::Literal::u16_unsuffixed(*status), types.name(kind, &quote!(types::)));
            quote!(Answer<#status, #kind>)
        }
        Answer::Empty(status) => {
            let status = proc_macro2::Literal::u16_unsuffixed(*status);
            quote!(Empty<#status>)
        }
        Answer::Open => quote!(Response),
    };
    let inputs = parameters.into_iter().chain(body);
    items([quote! {
        #docs
        #[handler]
        pub async fn #function(#(#inputs),*) -> Result<#answer> {
            Err(not_written(#operation))
        }
    }])
}

/// `src/api/mod.rs`: the router.
pub(crate) fn router(handlers: &[Handler]) -> Result<String, StubError> {
    let mut modules: Vec<&str> = handlers.iter().map(|handler| handler.module.as_str()).collect();
    modules.sort_unstable();
    modules.dedup();
    let modules: String = modules.into_iter().map(|module| format!("pub mod {module};\n")).collect();
    let mut routes: IndexMap<&str, Vec<&Handler>> = IndexMap::new();
    for handler in handlers {
        routes.entry(&handler.path).or_default().push(handler);
    }
    let routes = routes.iter().map(|(template, handlers)| {
        let methods = handlers.iter().map(|handler| {
            let (module, function) = (ident(&handler.module), ident(&handler.function));
            match handler.method.as_str() {
                method @ ("GET" | "PUT" | "POST" | "DELETE" | "OPTIONS" | "HEAD" | "PATCH" | "TRACE") => {
                    let method = ident(&method.to_lowercase());
                    quote!(.#method(#module::#function))
                }
                method => {
                    let method = method.as_bytes();
                    let method = proc_macro2::Literal::byte_string(method);
                    quote!(.method(method(#method), #module::#function))
                }
            }
        });
        quote!(.at(#template, RouteMethod::new() #(#methods)*))
    });
    let routes = quote! {
        #[doc = " A route for each operation of the document."]
        pub fn routes() -> Routes {
            Routes::new() #(#routes)*
        }
    };
    let uses_methods = routes.to_token_stream().to_string().contains(". method (");
    let method = uses_methods.then(|| {
        quote! {
            #[doc = " A method that HTTP itself does not have."]
            fn method(name: &[u8]) -> Method {
                Method::from_bytes(name).unwrap_or_default()
            }
        }
    });
    let poem = match (handlers.is_empty(), uses_methods) {
        (true, _) => "",
        (false, false) => "use ::poem::RouteMethod;\n",
        (false, true) => "use ::poem::{RouteMethod, http::Method};\n",
    };
    let gap = if modules.is_empty() { "" } else { "\n" };
    Ok(format!(
        "//! The handlers, and the way to them.\n\n{modules}{gap}use ::openapi_server::Routes;\n{poem}\n{}",
        items([routes].into_iter().chain(method))?
    ))
}

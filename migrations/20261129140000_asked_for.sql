-- Whether what is accepted of a union is what somebody looks for: a text in its image, labels that it has, an address that one of
-- its societies lists. Nothing is looked for where nothing is given, also where nothing was accepted yet.
create function is_asked_for(its_image text, body jsonb, addresses text[], image text, labels jsonb, member text)
returns boolean language sql immutable parallel safe as $$
    select (image is null or its_image like image)
        and (labels is null or body -> 'labels' @> labels)
        and (member is null or addresses @> array[member])
$$;
